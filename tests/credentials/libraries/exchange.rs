//! One HTTP request to the local Bedrock, whatever host it is for.

use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

pub type Headers = Vec<(String, String)>;

/// A response: its status, headers and body.
pub type Response = (u16, Headers, Vec<u8>);

/// Sends a request for `host` to `server`.
pub fn exchange(server: &str, method: &str, host: &str, path: &str, headers: Headers, body: &[u8]) -> Result<Response> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let length = body.len();
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        if !name.eq_ignore_ascii_case("host") && !name.eq_ignore_ascii_case("content-length") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received)?;
    let end = received.windows(4).position(|window| window == b"\r\n\r\n").ok_or(Error::other("no response"))?;
    let body = received.split_off(end + 4);
    let head = String::from_utf8_lossy(&received).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(Error::other("no status"))?;
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    Ok((status, lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect(), body))
}

/// Prints what `libraries.py` compares.
pub fn print(found: Option<(&str, &str)>) {
    match found {
        Some((id, token)) => println!("keys\t{id}\t{token}"),
        None => println!("error"),
    }
}
