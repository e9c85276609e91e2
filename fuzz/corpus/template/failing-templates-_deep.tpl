{{- define "deep.one" }}{{ include "deep.two" . }}{{ end }}
{{- define "deep.two" }}
{{ .Values.image.repository }}{{ end }}
{{- define "endless" }}{{ include "endless" . }}{{ end }}
