export function createWebCrypto(vu: any): any { return {} }
