//! The local Bedrock that the entry `bedrock-chat/local-bedrock` puts Node's HTTP server around. JavaScript listens, waits
//! and writes; this module decides what.

mod settings;

use local_bedrock::{Builder, End, Received, Service, Start};
use wasm_bindgen::prelude::*;

/// A local Bedrock without a listener.
#[wasm_bindgen]
pub struct LocalBedrock {
    service: Service,
}

/// An open connection. It is counted until it is freed.
#[wasm_bindgen]
pub struct Connection {
    _opened: local_bedrock::Opened,
}

/// A request that is not answered yet. Freeing it records that the client left.
#[wasm_bindgen]
pub struct Exchange {
    exchange: local_bedrock::Exchange,
}

/// A reply. Freeing it before its end records that the client left.
#[wasm_bindgen]
pub struct Delivery {
    delivery: local_bedrock::Delivery,
}

#[wasm_bindgen]
impl LocalBedrock {
    /// Creates a local Bedrock. `settings` is JSON with the options of the entry, but those of the listener.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<LocalBedrock, JsError> {
        let settings: settings::Settings =
            serde_json::from_str(settings).map_err(|error| JsError::new(&format!("invalid options: {error}")))?;
        Ok(Self { service: Service::new(settings.apply(Builder::new())) })
    }

    /// Records and verifies a request. `target` is the path with the query, `headers` has names and values in turn.
    pub fn receive(
        &self,
        method: &str,
        target: &str,
        headers: Vec<String>,
        body: Vec<u8>,
        at_mantle: bool,
    ) -> Exchange {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut request = Received::new(method, path, body);
        request.query = query.map(str::to_owned);
        let mut headers = headers.into_iter();
        while let (Some(name), Some(value)) = (headers.next(), headers.next()) {
            request.headers.push((name.to_ascii_lowercase(), value));
        }
        request.at_mantle = at_mantle;
        Exchange { exchange: self.service.receive(request) }
    }

    /// Returns the requests with this number and later ones as JSON, in order of arrival.
    #[wasm_bindgen(js_name = requestsSince)]
    pub fn requests_since(&self, number: f64) -> String {
        self.service.requests_since(number as u64).to_string()
    }

    /// The number of the first request that was not cleared.
    #[wasm_bindgen(getter, js_name = firstRequest)]
    pub fn first_request(&self) -> Option<f64> {
        self.service.first_request().map(|number| number as f64)
    }

    /// Counts a connection.
    pub fn connected(&self) -> Connection {
        Connection { _opened: self.service.connected() }
    }

    /// Sets the clock ahead (or behind, if negative) by this many seconds.
    #[wasm_bindgen(js_name = setClockOffset)]
    pub fn set_clock_offset(&self, seconds: f64) {
        self.service.set_clock_offset(seconds as i64);
    }
}

#[wasm_bindgen]
impl Exchange {
    /// How many milliseconds to wait before anything else.
    #[wasm_bindgen(getter)]
    pub fn delay(&self) -> f64 {
        self.exchange.delay().as_millis() as f64
    }

    /// How the reply begins: `answer`, `hang` or `cut`.
    #[wasm_bindgen(getter)]
    pub fn start(&self) -> String {
        match self.exchange.start() {
            Start::Answer => "answer",
            Start::Hang => "hang",
            Start::Cut => "cut",
        }
        .to_owned()
    }

    /// Records that the connection was broken before the reply.
    pub fn cut(self) {
        self.exchange.cut();
    }

    /// Returns the reply.
    pub fn answer(self) -> Delivery {
        Delivery { delivery: self.exchange.answer() }
    }
}

#[wasm_bindgen]
impl Delivery {
    /// The status.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        self.delivery.status()
    }

    /// The names and values of the headers in turn.
    #[wasm_bindgen(getter)]
    pub fn headers(&self) -> Vec<String> {
        self.delivery.headers().iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect()
    }

    /// The length to announce, if the body is not a stream.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> Option<f64> {
        self.delivery.length().map(|length| length as f64)
    }

    /// How many milliseconds to wait before each piece.
    #[wasm_bindgen(getter)]
    pub fn delay(&self) -> f64 {
        self.delivery.delay().as_millis() as f64
    }

    /// Returns the next piece of the body.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        self.delivery.next_piece()
    }

    /// The end, after the last piece: `clean`, `cut` or `silence`.
    #[wasm_bindgen(getter)]
    pub fn end(&self) -> String {
        match self.delivery.end() {
            End::Clean => "clean",
            End::Cut => "cut",
            End::Silence => "silence",
        }
        .to_owned()
    }

    /// Records that the end was carried out.
    pub fn ended(&mut self) {
        self.delivery.ended();
    }
}

/// Returns the lines of shell that point clients at a server.
#[wasm_bindgen]
pub fn instructions(url: &str, mantle_url: &str, region: Option<String>) -> String {
    local_bedrock::instructions(url, mantle_url, region.as_deref())
}
