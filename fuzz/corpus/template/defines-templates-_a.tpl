{{- define "shared" }}parent a{{ end }}
{{- define "twice" }}first file{{ end }}
{{- define "blank" }}not blank{{ end }}
