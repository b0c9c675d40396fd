//! Executions started by a task, against a service of this process.

use std::sync::Arc;

use super::*;

/// A service that starts anything, and shows it as ended like this.
struct Service {
    status: &'static str,
    taken: bool,
    seen: Mutex<Vec<(String, Value)>>,
}

impl Executions for Service {
    fn call(&self, action: &str, request: String) -> BoxFuture<'static, Result<String, ServiceError>> {
        let request: Value = serde_json::from_str(&request).unwrap();
        self.seen.lock().unwrap().push((action.to_owned(), request));
        let answer = match action {
            "StartExecution" if self.taken => Err(ServiceError {
                status: 400,
                code: "ExecutionAlreadyExists".into(),
                query_code: None,
                message: "taken".into(),
                request_id: "R".into(),
                extended_request_id: None,
            }),
            "StartExecution" => Ok(json!({"executionArn": "child", "startDate": 1_767_323_045.5})),
            _ => Ok(json!({
                "executionArn": "child", "stateMachineArn": "m", "name": "n", "status": self.status, "startDate": 1.5,
                "stopDate": 2.0, "input": r#"{"a":1}"#, "inputDetails": {"included": true}, "output": "[1]",
                "outputDetails": {"included": true}, "redriveCount": 0, "traceHeader": "t"
            })),
        };
        Box::pin(async move { answer.map(|answer| answer.to_string()) })
    }

    fn ended(&self, _: &str) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

const MACHINE: &str = "arn:aws:states:eu-west-1:111111111111:stateMachine:m";

async fn start(
    resource: &str,
    status: &'static str,
    taken: bool,
    arguments: Value,
) -> (Answer, Vec<String>, Arc<Service>) {
    let service = Arc::new(Service { status, taken, seen: Mutex::default() });
    let functions = functions(None);
    functions.services().bind(Arc::clone(&service) as Arc<dyn Executions>);
    let told = Mutex::new(Vec::new());
    let submitted = |output: String| -> BoxFuture<'_, ()> {
        told.lock().unwrap().push(output);
        Box::pin(async {})
    };
    let answer = perform_with(&functions, call(resource, &arguments), &circumstances(), &submitted).await;
    let told = told.lock().unwrap().clone();
    (answer, told, service)
}

#[tokio::test]
async fn an_execution_is_started_with_a_name_of_the_attempt() {
    let arguments = json!({"StateMachineArn": MACHINE, "Input": {"a": 1}});
    let (answer, _, service) = start("states:startExecution", "RUNNING", false, arguments.clone()).await;
    let output = succeeded(answer);
    assert_eq!((&output["ExecutionArn"], &output["StartDate"]), (&json!("child"), &json!(1_767_323_045_500_i64)));
    assert!(output["SdkResponseMetadata"]["RequestId"].is_string());
    let (action, first) = service.seen.lock().unwrap()[0].clone();
    assert_eq!((action.as_str(), &first["input"]), ("StartExecution", &json!(r#"{"a":1}"#)));
    let (_, _, service) = start("states:startExecution", "RUNNING", false, arguments).await;
    assert_eq!(service.seen.lock().unwrap()[0].1["name"], first["name"], "the same attempt, the same name");
}

#[tokio::test]
async fn a_job_is_told_and_then_shown_as_it_ended() {
    let arguments = json!({"StateMachineArn": MACHINE});
    let (answer, told, _) = start("states:startExecution.sync", "SUCCEEDED", false, arguments.clone()).await;
    assert_eq!(told.len(), 1);
    let output = succeeded(answer);
    let expect = json!({
        "ExecutionArn": "child", "Input": r#"{"a":1}"#, "InputDetails": {"Included": true}, "Name": "n", "Output": "[1]",
        "OutputDetails": {"Included": true}, "RedriveCount": 0, "StartDate": 1500, "StateMachineArn": "m",
        "Status": "SUCCEEDED", "StopDate": 2000
    });
    assert_eq!(output, expect);
    let (answer, ..) = start("states:startExecution.sync:2", "SUCCEEDED", false, arguments.clone()).await;
    assert_eq!(succeeded(answer)["Output"], json!([1]));
    let (answer, ..) = start("states:startExecution.sync", "FAILED", false, arguments).await;
    let (error, cause) = failed(answer);
    assert_eq!((error.as_str(), cause.contains(r#""Status":"FAILED""#)), ("States.TaskFailed", true));
}

#[tokio::test]
async fn a_job_is_stopped_when_nobody_waits_for_it() {
    let service = Arc::new(Service { status: "RUNNING", taken: false, seen: Mutex::default() });
    let functions = functions(None);
    functions.services().bind(Arc::clone(&service) as Arc<dyn Executions>);
    let circumstances = circumstances();
    circumstances.given_up.give_up();
    let call = call("states:startExecution.sync:2", &json!({"StateMachineArn": MACHINE}));
    perform_with(&functions, call, &circumstances, &|_| Box::pin(async {})).await;
    let last = service.seen.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last, ("StopExecution".to_owned(), json!({"executionArn": "child"})));
}

#[tokio::test]
async fn a_job_that_was_started_before_a_crash_is_found_again() {
    let (answer, ..) =
        start("states:startExecution.sync", "SUCCEEDED", true, json!({"StateMachineArn": MACHINE})).await;
    assert!(matches!(answer, Answer::Succeeded(_)), "{answer:?}");
    let named = json!({"StateMachineArn": MACHINE, "Name": "n"});
    let (answer, ..) = start("states:startExecution.sync", "SUCCEEDED", true, named).await;
    let cause = "taken (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists; Request ID: R; Proxy: null)";
    assert_eq!(failed(answer), ("StepFunctions.ExecutionAlreadyExistsException".to_owned(), cause.to_owned()));
}

#[tokio::test]
async fn the_sdk_reaches_every_action_of_the_engine() {
    let arguments = json!({"ExecutionArn": "child"});
    let (answer, _, service) = start("aws-sdk:sfn:describeExecution", "RUNNING", false, arguments).await;
    let output = succeeded(answer);
    assert_eq!((&output["Status"], &output["StartDate"]), (&json!("RUNNING"), &json!("1970-01-01T00:00:01.500Z")));
    assert_eq!(service.seen.lock().unwrap()[0], ("DescribeExecution".to_owned(), json!({"executionArn": "child"})));
}

#[tokio::test]
async fn without_an_engine_nothing_is_started() {
    let call = call("states:startExecution", &json!({"StateMachineArn": MACHINE}));
    assert_eq!(failed(alone(&functions(None), call).await).0, "States.TaskFailed");
}
