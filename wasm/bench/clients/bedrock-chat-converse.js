import create from "./bedrock-chat.js";

export default ({ fetch }) => create({ fetch, api: "converse" });
