//! A server that forwards requests with changed headers, as a gateway or a proxy does.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Forwards every connection to a port, with the request headers changed by `rewrite`.
/// Returns its own port, and the original headers.
pub(crate) async fn relay(to: u16, rewrite: fn(&str) -> String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, to, rewrite, Arc::clone(&seen)));
        }
    });
    (port, heads)
}

async fn pass_on(mut client: TcpStream, to: u16, rewrite: fn(&str) -> String, seen: Arc<Mutex<Vec<String>>>) {
    let mut received = Vec::new();
    let Some(end) = read_head(&mut client, &mut received).await else { return };
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    seen.lock().unwrap().push(head.clone());
    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
    // One request per connection: a second one would not pass `rewrite`.
    let head = rewrite(&head).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(head.as_bytes()).await.unwrap();
    server.write_all(&received[end..]).await.unwrap();
    // Either side may close the connection.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// Reads up to the end of the request headers, and returns its position.
async fn read_head(client: &mut TcpStream, received: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(at) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            return Some(at + 4);
        }
        if client.read_buf(received).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

/// Reads one whole request; `false` if the client went away before its end.
pub(crate) async fn read_request(client: &mut TcpStream) -> bool {
    receive(client).await.is_some()
}

/// Returns the headers and the body of one request; `None` if the client went away before its end.
pub(crate) async fn receive(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut received = Vec::new();
    let end = read_head(client, &mut received).await?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while received.len() < end + length {
        if client.read_buf(&mut received).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    Some((head, received.split_off(end)))
}
