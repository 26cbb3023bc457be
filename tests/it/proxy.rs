//! Which way requests to Stripe go: straight, whatever the environment names, unless a proxy was named for them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::support::program::{self, Serving};
use crate::support::{Client, TestDatabase};

const KEY: &str = "sk_test_51H8NobodyMaySeeThisOne";
const VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

/// Takes connections and keeps what comes first on each; its answer opens no way.
struct Listener {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Listener {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut first = vec![0; 16 * 1024];
                let length = stream.read(&mut first).unwrap_or_default();
                first.truncate(length);
                keep.lock().unwrap().push(first);
                // Whoever asked may be gone.
                let _sent = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

/// Connects Stripe by a server that was started with these flags and variables; gives the codes of what is wrong.
async fn connect(key: &str, flags: &[&str], variables: &[(&str, &str)]) -> (Value, String) {
    let database = TestDatabase::create().await;
    let token = program::token_of_admin(&database);
    let flags = [&["--database-url", database.url(), "--log", "trace"], flags].concat();
    let mut serving = Serving::start_with(database.folder(), &flags, variables);
    let client = Client::new(&serving.address()).with_token(&token);
    let connect = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { userErrors { code } } }";
    let mut connected = client.graphql(connect, json!({ "key": key })).await;
    serving.terminate();
    (
        connected["authenticateStripe"]["userErrors"].take(),
        serving.all_it_said(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_asked() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let proxy = Listener::start("HTTP/1.1 502 No\r\n\r\n");
    let address = format!("http://{}", proxy.address);
    let variables = VARIABLES.map(|name| (name, address.as_str()));
    let (errors, _said) = connect(sandbox.key(), &["--stripe-api-base", &sandbox.base_url()], &variables).await;
    assert_eq!((errors, proxy.heard()), (json!([]), Vec::new()));

    // 0.0.0.0 is no loopback address, and is reached here.
    let stripe = Listener::start("");
    let base = format!("https://0.0.0.0:{}", stripe.address.port());
    let (errors, _said) = connect(KEY, &["--stripe-api-base", &base], &variables).await;
    assert_eq!(errors, json!([{ "code": "STRIPE_UNAVAILABLE" }]));
    assert_eq!(proxy.heard(), Vec::<String>::new());
    assert!(!stripe.heard().is_empty(), "it was asked directly");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_named_is_asked_for_the_way_and_never_shown_the_key() {
    let proxy = Listener::start("HTTP/1.1 502 No\r\n\r\n");
    let address = format!("http://us:s%3Acret@{}", proxy.address);
    let base = ["--stripe-api-base", "https://stripe.invalid"];
    for by_variable in [false, true] {
        let (flag, variable) = (
            ["--stripe-proxy", address.as_str()],
            [("TRIBUTARY_STRIPE_PROXY", address.as_str())],
        );
        let (flags, variables) = if by_variable {
            (base.to_vec(), &variable[..])
        } else {
            ([base, flag].concat(), &[][..])
        };
        let before = proxy.heard().len();
        let (errors, said) = connect(KEY, &flags, variables).await;
        assert_eq!(errors, json!([{ "code": "STRIPE_UNAVAILABLE" }]));
        let heard = proxy.heard().split_off(before);
        assert!(!heard.is_empty(), "{said}");
        for request in heard {
            assert!(
                request.starts_with("CONNECT stripe.invalid:443 HTTP/1.1\r\n"),
                "{request}"
            );
            let who = "proxy-authorization: basic dXM6czpjcmV0\r\n";
            assert!(request.to_lowercase().contains(&who.to_lowercase()), "{request}");
            assert!(!request.contains(KEY), "{request}");
        }
        for secret in [KEY, "s%3Acret", "s:cret", "dXM6czpjcmV0"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_open_way_nothing_goes_in_the_clear() {
    let proxy = Listener::start("HTTP/1.1 200 Go\r\n\r\nthis is no TLS");
    let flags = [
        "--stripe-api-base",
        "https://stripe.invalid",
        "--stripe-proxy",
        &format!("http://{}", proxy.address),
    ];
    let (errors, _said) = connect(KEY, &flags, &[]).await;
    assert_eq!(errors, json!([{ "code": "STRIPE_UNAVAILABLE" }]));
    assert!(
        proxy
            .heard()
            .iter()
            .all(|request| request.starts_with("CONNECT ") && !request.contains(KEY))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_for_stripe_on_this_machine_is_asked_without_the_proxy() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let proxy = Listener::start("HTTP/1.1 502 No\r\n\r\n");
    let named = format!("http://{}", proxy.address);
    let port = sandbox.base_url().rsplit_once(':').unwrap().1.to_owned();
    for base in [sandbox.base_url(), format!("http://localhost:{port}")] {
        let flags = ["--stripe-api-base", &base, "--stripe-proxy", &named];
        let (errors, _said) = connect(sandbox.key(), &flags, &[]).await;
        assert_eq!((errors, proxy.heard()), (json!([]), Vec::new()), "{base}");
    }
}

#[test]
fn an_address_that_is_refused_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, value) in [
        ("--stripe-proxy", "socks5://us:s3cret@proxy:1080"),
        ("--stripe-proxy", "http://us:s3cret@proxy:port"),
        ("--stripe-proxy", "us:s3cret@proxy:3128"),
        ("--stripe-api-base", "https://us:s3cret@api.stripe.com"),
        ("--public-url", "https://us:s3cret@example.com"),
    ] {
        let variable = format!(
            "TRIBUTARY_{}",
            flag.trim_start_matches("--").to_uppercase().replace('-', "_")
        );
        let by_flag = program::run(folder.path(), &["migrate", flag, value], "");
        let by_variable = program::command(folder.path(), &["migrate"])
            .env(variable, value)
            .output()
            .unwrap();
        for output in [by_flag, by_variable] {
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{value}: {said}");
            assert!(said.contains(flag) && !said.contains("s3cret"), "{said}");
        }
    }
    let help = program::command(folder.path(), &["--help"])
        .env("TRIBUTARY_STRIPE_PROXY", "http://us:s3cret@proxy:3128")
        .output();
    assert!(!String::from_utf8(help.unwrap().stdout).unwrap().contains("s3cret"));
}
