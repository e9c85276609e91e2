{{- define "a" }}a{{ end }}
