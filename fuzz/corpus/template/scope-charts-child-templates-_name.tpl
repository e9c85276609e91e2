{{- define "child.name" }}{{ .Chart.Name }}:{{ .Values.visible }}:{{ .Template.Name }}{{ end }}
