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

/** Maximum number of pages of a list, as in Rust. A service could go on without an end. */
const MAX_PAGES = 1000;

/** Lists the inference profiles, page by page. `get` requests a path of the control plane. */
export async function allProfiles(get: (path: string) => Promise<unknown>, type: InferenceProfileType | null | undefined): Promise<InferenceProfile[]> {
  const profiles: InferenceProfile[] = [];
  let token: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = new URLSearchParams({ maxResults: "1000", ...(type && { type }), ...(token && { nextToken: token }) });
    const page = await get(`/inference-profiles?${query}`);
    profiles.push(...listed<InferenceProfile>(page, "inferenceProfileSummaries"));
    const { nextToken: next } = page as { nextToken?: string };
    if (!next) return profiles;
    // The same page would be requested without end.
    if (next === token) throw problem("decode", "the list of inference profiles has the same page twice");
    token = next;
  }
  throw problem("decode", `the list of inference profiles has more than ${MAX_PAGES} pages; check the endpoint`);
}

/** Returns the path of an inference profile in the control plane. */
export function profilePath(id: unknown): string {
  if (typeof id !== "string" || !id.trim()) throw problem("config", "the id of an inference profile must be a string that is not empty");
  return `/inference-profiles/${encodeURIComponent(id.trim())}`;
}

/** Returns the id of the model behind an inference profile. */
export function modelBehind({ models }: InferenceProfile): string {
  const id = models?.map(({ modelArn }) => /:foundation-model\/(.+)$/.exec(modelArn ?? "")?.[1]).find(Boolean);
  if (!id) throw problem("decode", "the inference profile names no model; set `family` to the id of its model");
  return id;
}

/** Returns a member of the answer that must be a list. */
export function listed<T>(answer: unknown, member: string): T[] {
  const list = (answer as { [member: string]: unknown } | null)?.[member];
  if (!Array.isArray(list)) throw problem("decode", `the reply has no \`${member}\``);
  return list as T[];
}
