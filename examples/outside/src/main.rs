use chartcore::data::Value;
use chartcore::render::{RenderOptions, render};
use chartcore::values::{Overrides, merge};
use chartcore::{Chart, Result};

fn main() -> Result<()> {
    let chart = Chart::from_template("web", "replicas: {{ .Values.replicas }} # for {{ .Release.Name }}\n")?;
    let settings = std::collections::BTreeMap::from([("replicas", 3)]);
    let settings = Value::from_serialize(&settings).expect("numbers can be values");
    let values = merge(&chart, &Overrides::new().value(settings))?;
    let rendered = render(&chart, &values, &RenderOptions::new("demo"))?;
    let file = &rendered.files()[0];
    assert_eq!(file.content(), b"replicas: 3 # for demo\n");
    Ok(())
}
