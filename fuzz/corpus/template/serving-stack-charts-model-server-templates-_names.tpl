{{- define "model-server.name" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name }}
{{- end -}}
{{- define "model-server.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
serving.example.test/role: {{ .Values.role }}
{{- end -}}
