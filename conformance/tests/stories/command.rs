//! The demo as a command: ready for scripts, stopped cleanly, clear about what is in its way.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use conformance::citizen::Citizen;
use conformance::process::{Process, Signals};
use conformance::site::{free_ports, listen};
use conformance::workspace;
use serde_json::Value;
use tokio::process::Command;

use crate::journey::{eventually, expect};

/// How many ports in a row the demo uses.
const PORTS: u16 = 10;
/// How long the demo may take to be up or down; the gateway is built already.
const PATIENCE: Duration = Duration::from_mins(2);

async fn demo(port: u16) -> Process {
    workspace::programs().await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(["--port", &port.to_string()]);
    Process::start("demo", command, Signals::Apart).unwrap()
}

async fn ready(demo: &mut Process) -> Value {
    let line = demo.line("READY {", PATIENCE).await.unwrap();
    serde_json::from_str(line.strip_prefix("READY ").unwrap()).unwrap()
}

fn runs(id: &Value) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn it_prints_what_scripts_need_and_leaves_nothing_behind_when_interrupted() {
    let port = free_ports(PORTS);
    let mut demo = demo(port).await;
    let summary = ready(&mut demo).await;
    assert_eq!(summary["commune"], format!("http://localhost:{port}"));
    assert_eq!(summary["issuer"], format!("http://127.0.0.1:{}", port + 1));
    assert_eq!(summary["providers"].as_object().unwrap().len(), 6);
    assert_eq!(summary["registry"], format!("http://127.0.0.1:{}/individus", port + 3));
    assert_eq!(summary["mailbox"], format!("http://127.0.0.1:{}", port + 4));
    assert_eq!(summary["pids"]["demo"], demo.id());
    assert!(summary["citizens"].as_array().unwrap().iter().any(|citizen| citizen["signs_in"] == true));
    for address in ["commune", "mailbox"] {
        let page = reqwest::get(summary[address].as_str().unwrap()).await.unwrap();
        assert!(page.status().is_success(), "{address}");
    }
    let doors = summary["space"].as_array().unwrap();
    for (door, name) in doors.iter().zip(["space-organisation", "request-queue", "request-queue"]) {
        expect(Citizen::new().open(door.as_str().unwrap()).await.unwrap(), name);
    }
    assert_eq!(doors.len(), 3);
    assert!(runs(&summary["pids"]["gateway"]) && runs(&summary["pids"]["commune"]));

    demo.signal("INT").await.unwrap();
    assert!(demo.end().await.unwrap().success());
    assert!(!runs(&summary["pids"]["gateway"]) && !runs(&summary["pids"]["commune"]));
    for port in port..port + PORTS {
        listen(port).await.unwrap();
    }
}

#[tokio::test]
async fn it_leaves_nothing_behind_when_it_is_killed() {
    let mut demo = demo(free_ports(PORTS)).await;
    let summary = ready(&mut demo).await;
    let pids = &summary["pids"];
    assert!(runs(&pids["gateway"]) && runs(&pids["commune"]));
    demo.signal("KILL").await.unwrap();
    demo.end().await.unwrap();
    eventually("the end of gateway and commune", async || {
        (!runs(&pids["gateway"]) && !runs(&pids["commune"])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn it_names_the_port_that_is_taken() {
    let port = free_ports(PORTS);
    let taken = listen(port + 2).await.unwrap();
    let mut demo = demo(port).await;
    assert_eq!(demo.end().await.unwrap().code(), Some(2));
    let said = demo.last_lines(10).join("\n");
    assert!(said.contains(&format!("Port {}", port + 2)) && said.contains("--port"), "{said}");
    drop(taken);
}

#[tokio::test]
async fn it_ends_with_the_gateways_last_words_when_the_gateway_dies() {
    let mut demo = demo(free_ports(PORTS)).await;
    let summary = ready(&mut demo).await;
    let gateway = summary["pids"]["gateway"].to_string();
    let killed = Command::new("kill").args(["-KILL", &gateway]).status().await.unwrap();
    assert!(killed.success());
    let status = demo.end().await.unwrap();
    assert!(!status.success() && status.signal().is_none(), "{status}");
    let said = demo.last_lines(60).join("\n");
    assert!(said.contains("The gateway ended by itself") && said.contains("idp::telemetry"), "{said}");
    assert!(!runs(&summary["pids"]["commune"]));
}
