//! The examples and exit codes below each command's options.
//!
//! Owns these texts alone; the options document themselves.

pub(super) const AFTER: &str = "\
First steps:
  sao demo                               a whole incident, here and now
  sao up --state terraform.tfstate       the platform on your own state
  sao incident start event.json          hand over an alarm
  sao incident list                      what is going on

Exit codes: 0 done, 1 failed or a negative result, 2 wrong usage.";

pub(super) const DEMO: &str = "\
A function of a small shop runs near its timeout. Its alarm goes through Detect, Context, Reason, Propose, your decision,
Execute and Record on an engine in this process. Nothing leaves this machine.

Examples:
  sao demo                    asks you at the terminal, and on the approval page
  sao demo --yes              approves by itself; run it twice: the second finds a precedent
  sao demo --reject           rejects, and remembers that
  sao demo --yes --json       one JSON document, for scripts
  sao demo --mode shadow      proposes and executes nothing

Exit codes: 0 the incident ended as decided, 1 it did not, 2 wrong usage.";

pub(super) const UP: &str = "\
Examples:
  sao up --state terraform.tfstate
  curl --data @event.json http://127.0.0.1:8083/incident
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083
  sao up --listen 127.0.0.1:9083 --public-listen 127.0.0.1:9084 --data other-data

Stop it with ctrl-c. After a crash or a power cut the next `sao up` on the same data directory goes on where it was.

Exit codes: 0 stopped as asked, 1 could not run, 2 wrong usage.";

pub(super) const INCIDENT: &str = "\
Examples:
  sao incident start event.json
  sao incident list --status RUNNING
  sao incident show inc-3f9c
  sao incident approve inc-3f9c --reason 'agreed with the owner'
  sao incident reject inc-3f9c --as ana --reason 'deploy in progress'

Exit codes: 0 done, 1 failed or refused, 2 wrong usage.";

pub(super) const APPROVER: &str = "\
The first approver is `operator`, enrolled as manager with the data directory. Whoever can read the data directory can act as
any approver: keep it yours.

Examples:
  sao approver list
  sao approver enrol ana --role manager
  sao approver code

Exit codes: 0 done, 1 failed, 2 wrong usage.";

pub(super) const TWIN: &str = "\
Examples:
  sao twin collect terraform.tfstate
  sao twin show orders
  sao twin radius aws_dynamodb_table.orders
  sao twin path shop-prod-web aws_db_instance.this
  sao twin graph shop-prod-orders --svg orders.svg
  sao twin check
  sao twin check --action lambda_update_timeout --node shop-prod-orders --param timeout=20
  sao twin check --action rds_reboot_instance --node shop-prod --at 2026-12-24T09:00:00Z --as model --json
  sao twin export --jsonld --out twin.jsonld

A resource is named by its Terraform address, its ARN or a name that only it has.

Exit codes: 0 done, 1 failed, or `check` found a layer that denies everything or an action that is denied, 2 wrong usage.";

pub(super) const TWIN_SHOW: &str = "\
Examples:
  sao twin show                                  lists everything
  sao twin show lambda                           lists what has `lambda` in its address, type or name
  sao twin show module.orders.aws_lambda_function.this
  sao twin show arn:aws:sqs:eu-west-1:123456789012:orders --json

Exit codes: 0 done, 1 nothing of this name, 2 wrong usage.";

pub(super) const TWIN_COLLECT: &str = "\
Examples:
  sao twin collect terraform.tfstate
  sao twin collect environments/                 every *.tfstate below
  terraform state pull > now.tfstate && sao twin collect now.tfstate
  sao twin collect s3://states/shop/terraform.tfstate     needs the cargo feature `aws`
  sao twin collect restored.tfstate --force      an older state, knowingly

A file that is refused changes nothing: neither its own resources nor those of the other files.

Exit codes: 0 done, 1 refused, 2 wrong usage.";

pub(super) const TWIN_PATH: &str = "\
The way along which FROM needs TO counts first, then the one along which a failure of FROM reaches TO, then any that does not
lead through shared infrastructure (a VPC, a role, a security group).

Examples:
  sao twin path aws_route53_record.www bookings-prod
  sao twin path aws_sqs_queue.orders aws_dynamodb_table.orders --json

Exit codes: 0 there is a way, 1 there is none, 2 wrong usage.";

pub(super) const TWIN_RADIUS: &str = "\
Examples:
  sao twin radius aws_dynamodb_table.orders
  sao twin radius shop-prod --json

Exit codes: 0 done, 1 nothing of this name, 2 wrong usage.";

pub(super) const TWIN_GRAPH: &str = "\
Examples:
  sao twin graph shop-prod-orders
  sao twin graph shop-prod-orders --svg orders.svg
  sao twin graph aws_lb.this --hops 2 --json

The picture shows who breaks with the resource to its left and what it needs to its right, two edges far each way.

Exit codes: 0 done, 1 nothing of this name or the file cannot be written, 2 wrong usage.";

pub(super) const TWIN_EXPORT: &str = "\
Examples:
  sao twin export --jsonld > twin.jsonld
  sao twin export --schema > twin.schema.json

Topology, governance, constraints and precedents. No secret is in it: the twin holds none.

Exit codes: 0 done, 1 failed, 2 wrong usage.";

pub(super) const CONTEXT: &str = "\
Examples:
  sao context 'module.orders.aws_lambda_function.this'
  sao context orders --budget 2000       what goes first when there is less room
  sao context arn:aws:lambda:eu-west-1:123456789012:function:orders --json";

pub(super) const PROMPT: &str = "\
Example:
  sao prompt event.json --json > request.json";

pub(super) const VALIDATE: &str = "\
Examples:
  sao validate statemachine/incident.asl.json
  sao validate machine.json --json

Exit codes: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.";

pub(super) const REPLAY: &str = "\
Examples:
  sao replay sao-data/history/....json
  aws stepfunctions get-execution-history --execution-arn ARN > history.json && sao replay history.json

Exit codes: 0 they agree, 1 they do not, 2 wrong usage.";

pub(super) const DOCTOR: &str = "\
Example:
  sao doctor --data sao-data

Exit codes: 0 everything is ready, 1 something is not, 2 wrong usage.";

pub(super) const MCP: &str = "\
Tools: sao_load_context, sao_validate_action and sao_graph_status read the data directory, also while `sao up` runs on it.
sao_execute_action requests a change of the `sao up` at --endpoint: it is validated, and a human is asked by mail. No tool approves.

Examples:
  sao mcp --data sao-data                      for a client that starts its servers itself (stdio)
  sao mcp --listen 127.0.0.1:8085 --as ana     http://127.0.0.1:8085/mcp, for clients of this machine

A client's configuration:
  {\"mcpServers\": {\"sao\": {\"command\": \"sao\", \"args\": [\"mcp\", \"--data\", \"/path/to/sao-data\"]}}}

Exit codes: 0 the client left or it was stopped, 1 failed, 2 wrong usage.";
