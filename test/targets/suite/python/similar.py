"""app-cpu: every request compares the word with all others, letter by letter."""
from context import faulty

WORDS = ['word%d' % ((i * 7919) % 99991) for i in range(1500)]
BY_HEAD = {}
for _word in WORDS:
    BY_HEAD.setdefault(_word[:6], []).append(_word)


def similar(query):
    word = query.get('q', 'word1')
    return compare_with_all(word) if faulty('app-cpu') else look_up_head(word)


def look_up_head(word):
    return BY_HEAD.get(word[:6], [])[:10]


def compare_with_all(word):
    return sorted(WORDS, key=lambda other: common_letters(word, other), reverse=True)[:10]


def common_letters(a, b):
    count = 0
    for letter in a:
        for other in b:
            if letter == other:
                count += 1
    return count
