//! Messages in the forms of other libraries: LangChain's (Python and JavaScript) and OpenAI's.
//!
//! [`read_messages`] reads all of them, also mixed. [`to_langchain`] and [`to_openai`] write them. [`write_block`] and
//! [`write_usage`] write the parts of a reply, for programs that stream it in LangChain's form. Content
//! without a counterpart is kept in LangChain's form, which has open block types, and left out in OpenAI's,
//! which has no signatures.
//!
//! Reading drops nothing that a model could use. A member that the crate has no field for is sent in the format that
//! has it, or is an error. Names, ids, notes of libraries such as `response_metadata`, and unsigned reasoning are left
//! out.

mod blocks;
mod langchain;
mod media;
mod members;
mod openai;
mod read;

pub use langchain::{reply_to_langchain, to_langchain, write_block, write_usage};
pub use openai::to_openai;
pub use read::{read_message, read_messages};
