{{- define "tpl.helper" }}helped {{ .Values.name }}{{ end -}}
