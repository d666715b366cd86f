//! Structured values from the bytes of an input, so that a fuzzer's mutations change choices.

use bedrock_chat::{
    CachePoint, CacheTtl, Content, Document, GuardContent, InvalidToolCall, Json, JsonContent, Media, MediaSource,
    Message, RedactedThinking, Role, SearchResult, Text, Thinking, ToolCall, ToolReference, ToolResult,
};

/// The bytes of an input that were not used yet. After the last one, all choices are the first.
#[derive(Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Creates choices from bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the next byte, or 0 at the end.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns two bytes as a number.
    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Returns four bytes as a number.
    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// Returns a number below `limit`, which is at most 256.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    /// Returns the next choice between two: `false` at the end.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Returns one of some values.
    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Returns the bytes that are left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Returns whether all bytes are used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns up to `limit` values.
    pub fn list<T>(&mut self, limit: usize, mut value: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(limit + 1)).map(|_| value(self)).collect()
    }

    /// Returns a value or none.
    pub fn option<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| value(self))
    }

    /// Reads a byte for the length (modulo 64), and returns that many bytes as text, or all that are left.
    pub fn text(&mut self) -> String {
        let length = self.below(64).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// Reads a byte for the length, and returns that many bytes, or all that are left.
    pub fn bytes(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.to_vec()
    }

    /// Returns a text of some of these pieces.
    pub fn joined(&mut self, limit: usize, pieces: &[&str]) -> String {
        self.list(limit, |input| input.one_of(pieces)).concat()
    }

    /// Returns a short text with what JSON, templates and white space rules have to treat.
    pub fn words(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a", "Hello", " ", "\n", "\t", "", "é", "😀", "\"", "\\", "<", "</", ">", "{", "}", "[INST]", "\u{7f}",
            "\u{2028}", "\u{0}", "1", "x",
        ];
        self.joined(5, PIECES)
    }

    /// Returns the id of a tool call, from few, so that calls and results meet.
    fn id(&mut self) -> String {
        self.one_of(&["t1", "t2", "t3", "call-4", "", "a b", "é"]).to_owned()
    }

    /// Returns a JSON value as text, with white space and escapes at random.
    pub fn json(&mut self, depth: usize) -> String {
        let space = self.one_of(&["", "", "", " ", "\n", "\t "]);
        let value = match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => "null".to_owned(),
            1 => self.one_of(&["true", "false"]).to_owned(),
            2 => self.u16().to_string(),
            3 => self
                .one_of(&["-0", "0.5", "1e3", "-1.25E-7", "9007199254740993", "18446744073709551616", "1e400", "-1"])
                .to_owned(),
            4..=7 => self.json_string(),
            8 | 9 => {
                let items = self.list(4, |input| input.json(depth - 1));
                format!("[{space}{}]", items.join(","))
            }
            _ => {
                let members = self.list(4, |input| format!("{}:{}", input.json_key(), input.json(depth - 1)));
                format!("{{{space}{}}}", members.join(","))
            }
        };
        format!("{space}{value}{space}")
    }

    fn json_key(&mut self) -> String {
        match self.below(8) {
            7 => self.json_string(),
            key => ["\"a\"", "\"b\"", "\"c\"", "\"type\"", "\"\"", "\"\\u0061\"", "\"é\""][key].to_owned(),
        }
    }

    /// Returns a JSON string as text.
    fn json_string(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "bc",
            " ",
            "\\n",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u0041",
            "é",
            "\\ud83d\\ude00",
            "😀",
            "\\ud83d",
            "\\udc00",
            "{",
            "}",
            "[",
            "\\u0000",
            "12",
        ];
        format!("\"{}\"", self.joined(5, PIECES))
    }

    /// Returns a JSON object with members of which none is repeated.
    fn object(&mut self) -> Json {
        let mut object = serde_json::Map::new();
        for key in ["a", "b", "city"] {
            if self.flag() {
                let value = serde_json::from_str(&self.json(1)).unwrap_or(serde_json::Value::Null);
                object.insert(key.to_owned(), value);
            }
        }
        Json::from(serde_json::Value::Object(object))
    }

    fn source(&mut self) -> MediaSource {
        match self.below(5) {
            0 => MediaSource::Bytes(vec![self.byte(); self.below(5)].into()),
            1 => MediaSource::Base64(self.one_of(&["iVBO", "AAAA", "", "not base64", "JVBERi0="]).to_owned()),
            2 => MediaSource::Url(self.one_of(&["https://example.com/a.png", "data:,x", "", "s3://b/k"]).to_owned()),
            3 => MediaSource::S3 { uri: "s3://bucket/key".to_owned(), bucket_owner: self.option(|_| "1".repeat(12)) },
            _ => MediaSource::Text(self.words()),
        }
    }

    fn media(&mut self, types: &[&str]) -> Media {
        Media::new(self.one_of(types), self.source())
    }

    fn image(&mut self) -> Media {
        let image = self.media(&["image/png", "image/jpeg", "image/webp", "", "image/svg+xml"]);
        if self.below(8) == 7 { image.with_detail("low") } else { image }
    }

    /// Returns a block of any kind.
    pub fn block(&mut self, depth: usize) -> Content {
        match self.below(if depth == 0 { 12 } else { 24 }) {
            0..=4 => Content::text(self.words()),
            5 => Content::Image(self.image()),
            6 => Content::Json(JsonContent::new(self.object())),
            7 => {
                let mut document = Document::new(self.one_of(&["application/pdf", "text/plain", ""]), self.source());
                document.name = self.option(Self::words);
                document.context = self.option(Self::words);
                document.citations = self.flag();
                Content::Document(document)
            }
            8 => Content::Video(self.media(&["video/mp4", "video/webm"])),
            9 => {
                let mut found = SearchResult::new(self.words(), self.words(), self.list(2, Self::words));
                found.citations = self.flag();
                Content::SearchResult(found)
            }
            10 => Content::Text(Text::new(self.words()).with_citations(self.list(1, Self::object))),
            11 => {
                let mut point = CachePoint::default();
                point.ttl = self.one_of(&[None, Some(CacheTtl::FiveMinutes), Some(CacheTtl::OneHour)]);
                Content::CachePoint(point)
            }
            12..=14 => Content::ToolCall(ToolCall::new(self.id(), self.one_of(&["now", "get_weather"]), self.object())),
            15..=17 => {
                let content = self.list(3, |input| input.block(0));
                let mut result = ToolResult::new(self.id(), content);
                result.is_error = self.flag();
                Content::ToolResult(result)
            }
            18 => {
                let mut thinking = Thinking::new(self.words());
                thinking.signature = self.option(|input| input.one_of(&["", "sig=="]).to_owned());
                Content::Thinking(thinking)
            }
            19 => Content::RedactedThinking(RedactedThinking::new(self.words())),
            20 => {
                Content::InvalidToolCall(InvalidToolCall::new(self.one_of(&["i1", "i2"]), "now", self.words(), "cut"))
            }
            21 => Content::Guard(GuardContent::text(self.words()).with_qualifiers(self.list(2, Self::words))),
            22 => Content::raw(
                Json::parse(self.one_of(&[
                    r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#,
                    r#"{"toolUse":{"toolUseId":"t9","name":"n","input":{},"type":"server_tool_use"}}"#,
                    r#"{"newBlock":{"a":1}}"#,
                ]))
                .unwrap_or_else(|error| panic!("{error}")),
            ),
            _ => {
                let tool = ToolReference::new("now");
                if self.flag() { Content::ToolAddition(tool) } else { Content::ToolRemoval(tool) }
            }
        }
    }

    /// Returns a conversation.
    pub fn messages(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while !self.is_empty() && messages.len() < 12 {
            let role = self.one_of(&[Role::Human, Role::Ai, Role::Tool, Role::Human, Role::Ai, Role::System]);
            let mut message = Message::new(role, self.list(4, |input| input.block(1)));
            if role == Role::Ai {
                message.model = self.one_of(&[None, None, Some("claude-x"), Some("openai.gpt-x")]).map(str::to_owned);
            }
            messages.push(message);
        }
        messages
    }
}

/// Cuts bytes into pieces of this size; `0` is one piece.
pub fn pieces(bytes: &[u8], size: usize) -> Vec<&[u8]> {
    if size == 0 { vec![bytes] } else { bytes.chunks(size).collect() }
}
