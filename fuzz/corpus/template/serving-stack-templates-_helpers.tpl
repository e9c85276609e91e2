{{/* The name every object starts with. */}}
{{- define "serving-stack.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "serving-stack.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ .Values.global.modelLabel }}: {{ .Values.model.name }}
{{- end -}}

{{- define "serving-stack.image" -}}
{{- $registry := .global.imageRegistry -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .image }}
{{- end -}}
