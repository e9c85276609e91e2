//! `chart registry`.

use std::io::{BufRead, IsTerminal, Read};

use chartcore::Compat;
use chartcore::registry::Login;

use super::{Context, Failure, Outcome, oci};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new(
        "ca-file",
        Kind::Text("string"),
        "verify certificates of HTTPS-enabled servers using this CA bundle",
    ),
    Flag::new("cert-file", Kind::Text("string"), "identify registry client using this SSL certificate file"),
    Flag::new("insecure", Kind::Switch, "allow connections to TLS registry without certs"),
    Flag::new("key-file", Kind::Text("string"), "identify registry client using this SSL key file"),
    Flag::new("password", Kind::Text("string"), "registry password or identity token").short('p'),
    Flag::new("password-stdin", Kind::Switch, "read password or identity token from stdin"),
    Flag::new("plain-http", Kind::Switch, "use insecure HTTP connections for the chart upload"),
    Flag::new("username", Kind::Text("string"), "registry username").short('u'),
];

/// The longest password.
const LONGEST: u64 = 1 << 20;

/// Logs in to a registry. Helm: pkg/cmd/registry_login.go.
pub(crate) fn login(context: &Context<'_>) -> Outcome {
    let host = host(context);
    let (user, password) = credentials(context)?;
    let login = Login::new(user, password);
    oci::registry(context)?.login(&host, &login)?;
    oci::say(context, "Login Succeeded\n");
    Ok(())
}

/// Forgets a login. Helm: pkg/cmd/registry_logout.go.
pub(crate) fn logout(context: &Context<'_>) -> Outcome {
    let host = host(context);
    oci::registry(context)?
        .logout(&host)
        .map_err(|error| error.prefixed(format_args!("failed to delete the credential for {host}: ")))?;
    oci::say(context, &format!("Removing login credentials for {host}\n"));
    Ok(())
}

/// The host alone: callers also write `oci://HOST/PATH`. Helm 3: `stripURL` in pkg/registry/client.go.
fn host(context: &Context<'_>) -> String {
    let given = context.given.positionals().remove(0);
    let rest = ["oci://", "http://", "https://"].iter().find_map(|scheme| given.strip_prefix(scheme));
    let rest = rest.unwrap_or(&given);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

fn credentials(context: &Context<'_>) -> Result<(String, String), Failure> {
    let given = &context.given;
    let user = given.text("username").unwrap_or_default().to_owned();
    let password = given.text("password").unwrap_or_default().to_owned();
    if given.switch("password-stdin") {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| format!("read /dev/stdin: {error}"))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        return Ok((user, text.strip_suffix('\r').unwrap_or(text).to_owned()));
    }
    if !password.is_empty() {
        let warning = match context.settings.compat {
            Compat::Helm3 => "WARNING: Using --password via the CLI is insecure. Use --password-stdin.\n",
            Compat::Helm4 => {
                "level=WARN msg=\"using --password via the CLI is insecure. Use --password-stdin\"\n"
            }
        };
        crate::report::note(warning);
        return Ok((user, password));
    }
    let user = if user.is_empty() { ask("Username: ")?.trim().to_owned() } else { user };
    let (prompt, missing) = match user.is_empty() {
        true => ("Token: ", "token required"),
        false => ("Password: ", "password required"),
    };
    let password = ask_quietly(prompt)?;
    if password.is_empty() {
        return Err(Failure::Usage(missing.to_owned()));
    }
    Ok((user, password))
}

fn ask(prompt: &str) -> Result<String, Failure> {
    crate::report::note(prompt);
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_line(&mut line)
        .map_err(|error| format!("read /dev/stdin: {error}"))?;
    if line.is_empty() {
        return Err(Failure::Usage("EOF".to_owned()));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks without showing what is typed, where a person types it.
fn ask_quietly(prompt: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return ask(prompt);
    }
    crate::report::note(prompt);
    rpassword::read_password().map_err(|error| Failure::Usage(format!("read /dev/stdin: {error}")))
}
