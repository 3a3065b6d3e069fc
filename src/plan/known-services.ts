/**
 * Services of others that a load test must not reach by accident: each call costs money, counts against a rate limit,
 * reaches a person, or gets the account closed. Patterns are exact names or a leading `*` for any beginning.
 */
export interface KnownService {
  readonly name: string
  readonly hosts: readonly string[]
  readonly risk: Risk
}

export type Risk = keyof typeof risks

/** What a test on the real service does. */
export const risks = {
  payment: 'payments are made or declined for real, and card networks block who tests on them',
  messages: 'each message is paid for and reaches a person',
  paid: 'each call is paid for',
  limited: 'its rate limit would be what is measured, and it may ban the account',
  accounts: 'its rate limit would be what is measured, and users may be locked out of their accounts',
} as const

export const knownServices: readonly KnownService[] = [
  { name: 'Stripe', hosts: ['*.stripe.com', 'stripe.com'], risk: 'payment' },
  { name: 'PayPal', hosts: ['*.paypal.com', 'paypal.com'], risk: 'payment' },
  { name: 'Braintree', hosts: ['*.braintreegateway.com', '*.braintree-api.com'], risk: 'payment' },
  { name: 'Adyen', hosts: ['*.adyen.com', '*.adyenpayments.com'], risk: 'payment' },
  { name: 'Square', hosts: ['connect.squareup.com', 'connect.squareupsandbox.com'], risk: 'payment' },
  { name: 'Klarna', hosts: ['*.klarna.com'], risk: 'payment' },
  { name: 'Mollie', hosts: ['api.mollie.com'], risk: 'payment' },
  { name: 'Razorpay', hosts: ['api.razorpay.com'], risk: 'payment' },
  { name: 'Authorize.Net', hosts: ['*.authorize.net'], risk: 'payment' },
  { name: 'Checkout.com', hosts: ['*.checkout.com'], risk: 'payment' },
  { name: 'Plaid', hosts: ['*.plaid.com'], risk: 'payment' },
  { name: 'iyzico', hosts: ['*.iyzipay.com', '*.iyzico.com'], risk: 'payment' },
  { name: 'Twilio', hosts: ['*.twilio.com'], risk: 'messages' },
  { name: 'SendGrid', hosts: ['*.sendgrid.com', '*.sendgrid.net'], risk: 'messages' },
  { name: 'Mailgun', hosts: ['*.mailgun.net', '*.mailgun.org'], risk: 'messages' },
  { name: 'Mailchimp', hosts: ['*.mailchimp.com', '*.mandrillapp.com'], risk: 'messages' },
  { name: 'Postmark', hosts: ['api.postmarkapp.com'], risk: 'messages' },
  { name: 'Brevo', hosts: ['api.brevo.com', 'api.sendinblue.com'], risk: 'messages' },
  { name: 'Resend', hosts: ['api.resend.com'], risk: 'messages' },
  { name: 'SparkPost', hosts: ['api.sparkpost.com', 'api.eu.sparkpost.com'], risk: 'messages' },
  { name: 'Mailjet', hosts: ['api.mailjet.com'], risk: 'messages' },
  { name: 'Vonage', hosts: ['*.nexmo.com', 'api.vonage.com'], risk: 'messages' },
  { name: 'MessageBird', hosts: ['*.messagebird.com'], risk: 'messages' },
  { name: 'Plivo', hosts: ['api.plivo.com'], risk: 'messages' },
  { name: 'OneSignal', hosts: ['*.onesignal.com'], risk: 'messages' },
  { name: 'Firebase Cloud Messaging', hosts: ['fcm.googleapis.com'], risk: 'messages' },
  { name: 'Apple Push Notification', hosts: ['*.push.apple.com'], risk: 'messages' },
  { name: 'WhatsApp and Facebook Graph API', hosts: ['graph.facebook.com'], risk: 'messages' },
  { name: 'Telegram Bot API', hosts: ['api.telegram.org'], risk: 'messages' },
  { name: 'Intercom', hosts: ['api.intercom.io'], risk: 'messages' },
  { name: 'Slack', hosts: ['slack.com', '*.slack.com'], risk: 'messages' },
  { name: 'Discord', hosts: ['discord.com', 'discordapp.com'], risk: 'messages' },
  { name: 'PagerDuty', hosts: ['*.pagerduty.com'], risk: 'messages' },
  { name: 'OpenAI', hosts: ['api.openai.com'], risk: 'paid' },
  { name: 'Azure OpenAI', hosts: ['*.openai.azure.com'], risk: 'paid' },
  { name: 'Anthropic', hosts: ['api.anthropic.com'], risk: 'paid' },
  { name: 'Google Gemini', hosts: ['generativelanguage.googleapis.com'], risk: 'paid' },
  { name: 'Google Vertex AI', hosts: ['*aiplatform.googleapis.com'], risk: 'paid' },
  { name: 'Mistral', hosts: ['api.mistral.ai'], risk: 'paid' },
  { name: 'Cohere', hosts: ['api.cohere.com', 'api.cohere.ai'], risk: 'paid' },
  { name: 'Groq', hosts: ['api.groq.com'], risk: 'paid' },
  { name: 'DeepL', hosts: ['api.deepl.com', 'api-free.deepl.com'], risk: 'paid' },
  { name: 'ElevenLabs', hosts: ['api.elevenlabs.io'], risk: 'paid' },
  { name: 'Replicate', hosts: ['api.replicate.com'], risk: 'paid' },
  { name: 'Hugging Face', hosts: ['api-inference.huggingface.co', 'router.huggingface.co'], risk: 'paid' },
  {
    name: 'Google Maps',
    hosts: ['maps.googleapis.com', 'routes.googleapis.com', 'places.googleapis.com'],
    risk: 'paid',
  },
  { name: 'Google Cloud APIs', hosts: ['translation.googleapis.com', 'vision.googleapis.com'], risk: 'paid' },
  { name: 'Mapbox', hosts: ['api.mapbox.com'], risk: 'paid' },
  { name: 'HERE', hosts: ['*.hereapi.com'], risk: 'paid' },
  { name: 'Algolia', hosts: ['*.algolia.net', '*.algolianet.com', '*.algolia.com'], risk: 'paid' },
  { name: 'Contentful', hosts: ['*.contentful.com'], risk: 'paid' },
  { name: 'Segment', hosts: ['api.segment.io'], risk: 'paid' },
  { name: 'Mixpanel', hosts: ['api.mixpanel.com'], risk: 'paid' },
  { name: 'Amplitude', hosts: ['api.amplitude.com', 'api2.amplitude.com'], risk: 'paid' },
  { name: 'Sentry', hosts: ['*.ingest.sentry.io', '*.ingest.us.sentry.io', '*.ingest.de.sentry.io'], risk: 'paid' },
  { name: 'Datadog', hosts: ['*.datadoghq.com', '*.datadoghq.eu'], risk: 'paid' },
  { name: 'Shippo', hosts: ['api.goshippo.com'], risk: 'paid' },
  { name: 'EasyPost', hosts: ['api.easypost.com'], risk: 'paid' },
  { name: 'TaxJar', hosts: ['api.taxjar.com'], risk: 'paid' },
  { name: 'Avalara', hosts: ['*.avatax.com'], risk: 'paid' },
  { name: 'Clearbit', hosts: ['*.clearbit.com'], risk: 'paid' },
  { name: 'AWS SES', hosts: emailOfAws(), risk: 'messages' },
  { name: 'AWS SNS', hosts: perRegion('sns'), risk: 'messages' },
  { name: 'AWS Bedrock', hosts: perRegion('bedrock-runtime'), risk: 'paid' },
  { name: 'Auth0', hosts: ['*.auth0.com'], risk: 'accounts' },
  { name: 'Okta', hosts: ['*.okta.com', '*.oktapreview.com'], risk: 'accounts' },
  { name: 'Google sign-in', hosts: ['accounts.google.com', 'oauth2.googleapis.com'], risk: 'accounts' },
  { name: 'Microsoft sign-in', hosts: ['login.microsoftonline.com', 'login.live.com'], risk: 'accounts' },
  { name: 'Microsoft Graph', hosts: ['graph.microsoft.com'], risk: 'limited' },
  { name: 'reCAPTCHA', hosts: ['www.recaptcha.net'], risk: 'limited' },
  { name: 'hCaptcha', hosts: ['hcaptcha.com', '*.hcaptcha.com'], risk: 'limited' },
  { name: 'GitHub', hosts: ['api.github.com'], risk: 'limited' },
  { name: 'GitLab.com', hosts: ['gitlab.com'], risk: 'limited' },
  { name: 'Shopify', hosts: ['*.myshopify.com'], risk: 'limited' },
  { name: 'Salesforce', hosts: ['*.salesforce.com'], risk: 'limited' },
  { name: 'HubSpot', hosts: ['api.hubapi.com', 'api.hubspot.com'], risk: 'limited' },
  { name: 'Zendesk', hosts: ['*.zendesk.com'], risk: 'limited' },
  { name: 'X (Twitter)', hosts: ['api.twitter.com', 'api.x.com'], risk: 'limited' },
  { name: 'OpenWeather', hosts: ['api.openweathermap.org'], risk: 'limited' },
  { name: 'Notion', hosts: ['api.notion.com'], risk: 'limited' },
  { name: 'Airtable', hosts: ['api.airtable.com'], risk: 'limited' },
]

/** What `name` belongs to; undefined for hosts of nobody that is known. */
export function knownServiceOf(host: string): KnownService | undefined {
  const lower = host.toLowerCase().replace(/:\d+$/, '')
  return knownServices.find(({ hosts }) => hosts.some((pattern) => matches(pattern, lower)))
}

export function matches(pattern: string, host: string): boolean {
  const lower = pattern.toLowerCase()
  return lower.startsWith('*') ? host.endsWith(lower.slice(1)) : host === lower
}

/**
 * What the engine refuses to connect to.
 * @param allowed  hosts or patterns that the load may reach; one that a pattern of a service covers frees only itself
 */
export function refusedHosts(allowed: readonly string[]): { readonly pattern: string; readonly why: string }[] {
  return knownServices.flatMap((service) =>
    service.hosts.some((pattern) => allowed.some((one) => matches(one, pattern) || matches(pattern, one.toLowerCase())))
      ? []
      : service.hosts.map((pattern) => ({ pattern, why: whyRefused(service) })),
  )
}

function whyRefused({ name, risk }: KnownService): string {
  return `this is ${name}, and in a load test ${risks[risk]}; put a stand-in in its place (perfwright mock), or --allow-host`
}

function perRegion(service: string): string[] {
  const regions = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'eu-west-1', 'eu-west-2', 'eu-west-3']
  const more = ['eu-central-1', 'eu-north-1', 'eu-south-1', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2']
  const rest = ['ap-northeast-1', 'ap-northeast-2', 'sa-east-1', 'ca-central-1', 'me-south-1', 'af-south-1']
  return [...regions, ...more, ...rest].map((region) => `${service}.${region}.amazonaws.com`)
}

function emailOfAws(): string[] {
  return [...perRegion('email'), ...perRegion('email-smtp')]
}
