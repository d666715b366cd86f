//! Messages in the forms of other libraries: LangChain's (Python and JavaScript) and OpenAI's.
//!
//! [`read_messages`] takes them all, mixed if need be; [`to_langchain`] and
//! [`to_openai`] write them. What a form cannot hold is kept in its own block
//! types where it has open ones (LangChain), or left out where it has not
//! (OpenAI has no signatures).

mod blocks;
mod langchain;
mod openai;
mod read;

pub(crate) use langchain::write_text;

pub use langchain::{reply_to_langchain, to_langchain, write_block, write_usage};
pub use openai::to_openai;
pub use read::{read_message, read_messages};
