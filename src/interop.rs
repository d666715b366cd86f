//! Messages in the forms of other libraries: LangChain's (Python and JavaScript) and OpenAI's.
//!
//! [`read_messages`] takes them all, mixed if need be; [`to_langchain`] and
//! [`to_openai`] write them. What a form cannot hold is kept in its own block
//! types where it has open ones (LangChain), or left out where it has not
//! (OpenAI has no signatures).
//!
//! Nothing that is read is dropped: a member that a block or message has no field for is sent in the
//! format that has it, or is an error that names it. Left out are names, ids and notes of libraries on
//! how a message came to be, such as `response_metadata`, and reasoning that nobody signed.

mod blocks;
mod langchain;
mod members;
mod openai;
mod read;

pub use langchain::{reply_to_langchain, to_langchain, write_block, write_usage};
pub use openai::to_openai;
pub use read::{read_message, read_messages};
