// Signatures of a request of 1 KiB.
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { mintApiKey } from "bedrock-chat";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const hostname = "bedrock-runtime.us-east-1.amazonaws.com";
const body = JSON.stringify({ prompt: "a".repeat(1011) });
const smithy = new SignatureV4({ credentials, service: "bedrock", region: "us-east-1", sha256: Sha256 });

export default [
  {
    name: "@smithy/signature-v4 with sha256-js (LangChain.js BedrockChat)",
    sign: () =>
      smithy.sign(
        new HttpRequest({ method: "POST", protocol: "https:", hostname, path: "/model/m/invoke", headers: { host: hostname, "content-type": "application/json" }, body }),
      ),
  },
  {
    name: "bedrock-chat: a presigned key, which has no body",
    sign: () => mintApiKey({ credentials, region: "us-east-1", expiresIn: 3600 }),
  },
];
