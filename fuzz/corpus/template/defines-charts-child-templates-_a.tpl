{{- define "shared" }}child{{ end }}
{{- define "only.child" }}lent by the child{{ end }}
