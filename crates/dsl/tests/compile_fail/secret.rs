// A secret is not shown, not written, not compared.

use dsl::Secret;

fn main() {
    let token = Secret::ssm("/chitchatter/turso/token");
    println!("{token}");
    let text = token.to_string();
    let json = serde_json::to_string(&token);
}
