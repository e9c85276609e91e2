{{- define "twice" }}second file{{ end }}
{{- define "blank" }}   {{/* nothing */}}
{{ end }}
