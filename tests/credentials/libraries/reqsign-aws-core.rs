//! The credentials that `reqsign-aws-core` finds. Usage: `probe SERVER [PROFILE]`. See `libraries.py`.

mod exchange;

use std::process::Command;
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use reqsign_aws_core::DefaultCredentialProvider;
use reqsign_core::{
    CommandExecute, CommandOutput, Context, Error, FileRead, HttpSend, OsEnv, ProvideCredential, Result,
};

fn failed(error: impl ToString) -> Error {
    Error::unexpected(error.to_string())
}

#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>> {
        std::fs::read(path).map_err(failed)
    }
}

#[derive(Debug)]
struct Commands;

impl CommandExecute for Commands {
    async fn command_execute<'a>(&'a self, program: &'a str, args: &'a [&'a str]) -> Result<CommandOutput> {
        let output = Command::new(program).args(args).output().map_err(failed)?;
        Ok(CommandOutput { status: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: output.stderr })
    }
}

#[derive(Debug)]
struct Server(String);

impl HttpSend for Server {
    async fn http_send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let uri = request.uri();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let headers = request.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned())).collect();
        let method = request.method().as_str();
        let (status, _, body) =
            exchange::exchange(&self.0, method, host, path, headers, request.body()).map_err(failed)?;
        http::Response::builder().status(status).body(body.into()).map_err(failed)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let server = Server(arguments.next().expect("the server"));
    let context =
        Context::new().with_file_read(Files).with_command_execute(Commands).with_http_send(server).with_env(OsEnv);
    let mut builder = DefaultCredentialProvider::builder();
    if let Some(profile) = arguments.next() {
        builder = builder.with_profile(profile).no_env();
    }
    let provider = builder.build();
    let mut future = std::pin::pin!(provider.provide_credential(&context));
    // Nothing above waits.
    let found = loop {
        if let Poll::Ready(found) = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            break found.ok().flatten();
        }
    };
    exchange::print(
        found.as_ref().map(|keys| (keys.access_key_id.as_str(), keys.session_token.as_deref().unwrap_or(""))),
    );
}
