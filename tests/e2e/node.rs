//! A client in another language, with a signature of its own making.

use std::process::Command;

use rfq_tests::Agent;

#[test]
fn a_node_client_that_signs_as_the_seed_describes_is_served() {
    for auth in ["hmac", "bearer"] {
        let agent = Agent::start(&["--auth", auth]);
        let done = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/ask.mjs"))
            .args([format!("http://{}", agent.address()), auth.to_owned()])
            .arg(agent.secret_file())
            .output()
            .unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        println!("{out}");
        assert!(done.status.success(), "{out}{err}");
    }
}
