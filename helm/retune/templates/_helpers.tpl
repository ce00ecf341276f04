{{- define "retune.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "retune.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "retune.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "retune.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "retune.selector" -}}
app.kubernetes.io/name: {{ include "retune.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "retune.labels" -}}
{{ include "retune.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: retune
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "retune.serviceAccount" -}}
{{- default (ternary (include "retune.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "retune.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the administrator adds to worker pods, as the operator reads it from RETUNE_WORKER_PODS. */}}
{{- define "retune.workerPods" -}}
{{- $pods := dict -}}
{{- with .Values.workers.queueName }}{{ $_ := set $pods "queueName" . }}{{ end -}}
{{- with .Values.workers.priorityClassName }}{{ $_ := set $pods "priorityClassName" . }}{{ end -}}
{{- with .Values.image.pullSecrets }}{{ $_ := set $pods "imagePullSecrets" . }}{{ end -}}
{{- with .Values.workers.tolerations }}{{ $_ := set $pods "tolerations" . }}{{ end -}}
{{- with .Values.workers.accelerators }}{{ $_ := set $pods "accelerators" . }}{{ end -}}
{{- if $pods }}{{ toJson $pods }}{{ end -}}
{{- end -}}

{{/* Namespaces that the operator looks after, its own among them for probes; empty for the whole cluster. JSON, for fromJsonArray. */}}
{{- define "retune.namespaces" -}}
{{- $names := list -}}
{{- if .Values.namespaces }}{{ $names = append .Values.namespaces .Release.Namespace | uniq | sortAlpha }}{{ end -}}
{{- toJson $names -}}
{{- end -}}

{{/* What Pod Security calls restricted, for a container. */}}
{{- define "retune.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "retune.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}
