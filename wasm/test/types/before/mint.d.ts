import type { BedrockCredentialsProvider } from "./fields.js";
export interface MintApiKeyOptions {
    credentials?: BedrockCredentialsProvider | undefined;
    region?: string | undefined;
    expiresIn?: number | undefined;
    now?: number | undefined;
}
export declare function mintApiKey(options?: MintApiKeyOptions | null): Promise<string>;
