//! GraphQL over HTTP as the specification has it: all audits of npm's graphql-http.

use std::process::Command;

use entity::kind::Scope;

use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn all_audits_pass() {
    let app = TestApp::start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let url = app.anybody().graphql_url();
    let audit = move || {
        Command::new("node")
            .args(["tests/audit/run.mjs", &url, &token])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
    };
    let output = tokio::task::spawn_blocking(audit)
        .await
        .unwrap()
        .expect("scripts/set-up-tests brings Node.js");
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(said.ends_with("61 of 61 audits passed\n"), "{said}{failed}");
}
