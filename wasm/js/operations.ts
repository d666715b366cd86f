import { problem } from "./error.js";

/** A foundation model, as [ListFoundationModels](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_FoundationModelSummary.html) returns it. */
export interface FoundationModel {
  modelId: string;
  modelArn: string;
  modelName?: string;
  providerName?: string;
  /** `TEXT`, `IMAGE`, `VIDEO` and others. */
  inputModalities?: string[];
  /** Chat models have `TEXT`. */
  outputModalities?: string[];
  responseStreamingSupported?: boolean;
  /** `ON_DEMAND`, `PROVISIONED`, `INFERENCE_PROFILE`. A model without `ON_DEMAND` can be called only through a profile. */
  inferenceTypesSupported?: string[];
  customizationsSupported?: string[];
  /** Times are in ISO 8601. */
  modelLifecycle?: {
    status: "ACTIVE" | "LEGACY" | (string & {});
    startOfLifeTime?: string;
    legacyTime?: string;
    publicExtendedAccessTime?: string;
    endOfLifeTime?: string;
  };
  [member: string]: unknown;
}

/** A model of `bedrock-mantle`, in the format of [OpenAI's Models](https://platform.openai.com/docs/api-reference/models/object). */
export interface MantleModel {
  id: string;
  /** In seconds since 1970. */
  created?: number;
  owned_by?: string;
  [member: string]: unknown;
}

/** An inference profile, as [GetInferenceProfile](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html) returns it. */
export interface InferenceProfile {
  inferenceProfileId: string;
  inferenceProfileArn: string;
  inferenceProfileName?: string;
  description?: string;
  type?: InferenceProfileType;
  status?: string;
  createdAt?: string;
  updatedAt?: string;
  /** The model in each region that the profile routes to. */
  models: { modelArn?: string }[];
  [member: string]: unknown;
}

/** The creator of an inference profile: Bedrock, or this account. */
export type InferenceProfileType = "SYSTEM_DEFINED" | "APPLICATION" | (string & {});

/** Sends a `GET` to the control plane or to `bedrock-mantle` and returns its JSON. */
export type Get = (service: "getControlPlane" | "getMantle", path: string) => Promise<unknown>;

/** Lists the inference profiles, page by page. */
export async function allProfiles(get: Get, type: InferenceProfileType | null | undefined): Promise<InferenceProfile[]> {
  const profiles: InferenceProfile[] = [];
  let token: string | undefined;
  for (;;) {
    const query = new URLSearchParams({ maxResults: "1000" });
    if (type) query.set("type", type);
    if (token) query.set("nextToken", token);
    const page = (await get("getControlPlane", `/inference-profiles?${query}`)) as { inferenceProfileSummaries?: InferenceProfile[]; nextToken?: string };
    profiles.push(...listed<InferenceProfile>(page, "inferenceProfileSummaries"));
    if (!page.nextToken) return profiles;
    // It would be asked for without end.
    if (page.nextToken === token) throw problem("decode", "the list of inference profiles has the same page twice");
    token = page.nextToken;
  }
}

/** Returns an inference profile by its id or ARN. */
export async function profileOf(get: Get, id: unknown): Promise<InferenceProfile> {
  if (typeof id !== "string" || !id.trim()) throw problem("config", "the id of an inference profile must be a string that is not empty");
  return (await get("getControlPlane", `/inference-profiles/${encodeURIComponent(id.trim())}`)) as InferenceProfile;
}

/** Returns the id of the model behind an inference profile. */
export function modelBehind({ models }: InferenceProfile): string {
  const id = models?.map(({ modelArn }) => /:foundation-model\/(.+)$/.exec(modelArn ?? "")?.[1]).find(Boolean);
  if (!id) throw problem("decode", "the inference profile names no model; set `family` to the id of its model");
  return id;
}

/** Returns a list that an answer must have. */
export function listed<T>(answer: unknown, member: string): T[] {
  const list = (answer as { [member: string]: unknown } | null)?.[member];
  if (!Array.isArray(list)) throw problem("decode", `the reply has no \`${member}\``);
  return list as T[];
}
