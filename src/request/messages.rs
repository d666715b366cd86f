//! Conversions to messages and conversations.

use crate::error::{Error, ErrorKind, Result};
use crate::message::{AiMessage, Message, Role};

/// A value that can be converted to a message: a [`Message`], an [`AiMessage`], or a `(role, text)` pair with
/// the names of [`Role::parse`].
///
/// ```
/// use bedrock_chat::{IntoMessage, Message};
/// assert_eq!(("human", "hello").into_message()?, Message::human("hello"));
/// assert!(("narrator", "hello").into_message().is_err());
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub trait IntoMessage {
    /// Converts the value to a message.
    ///
    /// # Errors
    /// `Encode`, if the name of a role is unknown.
    fn into_message(self) -> Result<Message>;
}

impl IntoMessage for Message {
    fn into_message(self) -> Result<Message> {
        Ok(self)
    }
}

impl IntoMessage for &Message {
    fn into_message(self) -> Result<Message> {
        Ok(self.clone())
    }
}

impl IntoMessage for AiMessage {
    fn into_message(self) -> Result<Message> {
        Ok(self.into())
    }
}

impl IntoMessage for &AiMessage {
    fn into_message(self) -> Result<Message> {
        Ok(self.into())
    }
}

impl<R: AsRef<str>, T: Into<String>> IntoMessage for (R, T) {
    fn into_message(self) -> Result<Message> {
        let (name, text) = (self.0.as_ref(), self.1.into());
        match Role::parse(name) {
            Some(Role::System) => Ok(Message::system(text)),
            Some(Role::Human) => Ok(Message::human(text)),
            Some(Role::Ai) => Ok(Message::ai(text)),
            Some(Role::Tool) => Err(Error::new(
                ErrorKind::Encode,
                "tool message without the id of its call; use `Message::tool(tool_call_id, text)`",
            )),
            None => Err(Error::of(
                ErrorKind::Encode,
                format_args!("unknown role: \"{name}\"; use \"system\", \"human\" or \"ai\""),
            )),
        }
    }
}

/// A value that can be converted to a conversation: a text (one human message), a message, or a list of
/// messages.
///
/// ```
/// use bedrock_chat::{IntoMessages, Message};
/// assert_eq!("hello".into_messages()?, [Message::human("hello")]);
/// let pairs = [("system", "Be brief."), ("human", "hello")];
/// assert_eq!(pairs.into_messages()?.len(), 2);
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub trait IntoMessages {
    /// Converts the value to a conversation.
    ///
    /// # Errors
    /// `Encode`, if the name of a role is unknown.
    fn into_messages(self) -> Result<Vec<Message>>;
}

impl IntoMessages for &str {
    fn into_messages(self) -> Result<Vec<Message>> {
        Ok(vec![Message::human(self)])
    }
}

impl IntoMessages for &String {
    fn into_messages(self) -> Result<Vec<Message>> {
        Ok(vec![Message::human(self)])
    }
}

impl IntoMessages for String {
    fn into_messages(self) -> Result<Vec<Message>> {
        Ok(vec![Message::human(self)])
    }
}

impl IntoMessages for Message {
    fn into_messages(self) -> Result<Vec<Message>> {
        Ok(vec![self])
    }
}

impl IntoMessages for &Message {
    fn into_messages(self) -> Result<Vec<Message>> {
        Ok(vec![self.clone()])
    }
}

impl<M: IntoMessage> IntoMessages for Vec<M> {
    fn into_messages(self) -> Result<Vec<Message>> {
        self.into_iter().map(IntoMessage::into_message).collect()
    }
}

impl<M: IntoMessage, const N: usize> IntoMessages for [M; N] {
    fn into_messages(self) -> Result<Vec<Message>> {
        self.into_iter().map(IntoMessage::into_message).collect()
    }
}

impl<M: IntoMessage + Clone> IntoMessages for &[M] {
    fn into_messages(self) -> Result<Vec<Message>> {
        self.iter().cloned().map(IntoMessage::into_message).collect()
    }
}

impl<M: IntoMessage + Clone, const N: usize> IntoMessages for &[M; N] {
    fn into_messages(self) -> Result<Vec<Message>> {
        self.as_slice().into_messages()
    }
}

impl<M: IntoMessage + Clone> IntoMessages for &Vec<M> {
    fn into_messages(self) -> Result<Vec<Message>> {
        self.as_slice().into_messages()
    }
}
