{{/*
Every permission of the operator. test/e2e/rbac.ts holds them against the API server's audit log: a verb that is not used
fails the test, and so does one that is missing.
*/}}

{{/* In each namespace that it looks after. */}}
{{- define "retune.rules.namespaced" -}}
# An SLA may start a search of its own, and holds itself while a rollout of its own is under way.
- apiGroups: [retune.dev]
  resources: [nassearches]
  verbs: [get, list, watch, create]
- apiGroups: [retune.dev]
  resources: [latencyslas]
  verbs: [get, list, watch, patch]
- apiGroups: [retune.dev]
  resources: [variants, trials]
  verbs: [get, list, watch, create]
- apiGroups: [retune.dev]
  resources: [nassearches/status, latencyslas/status, variants/status, trials/status]
  verbs: [update]
# Admission asks for it where a child is made that keeps its owner from being deleted before it.
- apiGroups: [retune.dev]
  resources: [nassearches/finalizers, latencyslas/finalizers, variants/finalizers, trials/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, delete]
# A pod of a canary is let have requests once it has answered as its variant should (its readiness gate).
- apiGroups: [""]
  resources: [pods/status]
  verbs: [update]
# A canary and its baseline are made and removed; of a workload, the model is patched, or written back whole where it stands
# in a list that has no keys (arguments). Server-side apply needs create too.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, create, update, patch, delete]
# The file of a recommendation.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- if .Values.garbageCollection.interval }}
# Garbage of the artifact store is what none of these names any more.
- apiGroups: [apps]
  resources: [deployments, replicasets, statefulsets]
  verbs: [list]
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [list]
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices]
  verbs: [list]
{{- end }}
{{- if .Values.rolloutTargets.gateway }}
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, update]
{{- end }}
{{- if .Values.rolloutTargets.kserve }}
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices]
  verbs: [get, patch]
- apiGroups: [serving.knative.dev]
  resources: [revisions]
  verbs: [get]
{{- end }}
{{- if .Values.rolloutTargets.argoRollouts }}
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get]
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, update]
- apiGroups: [argoproj.io]
  resources: [rollouts/status]
  verbs: [update]
{{- end }}
{{- end -}}

{{/* Of the cluster, in whichever mode: accelerator types are found from nodes. */}}
{{- define "retune.rules.cluster" -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list, watch]
- apiGroups: [retune.dev]
  resources: [hardwareprofiles]
  verbs: [get, list, watch, create]
- apiGroups: [retune.dev]
  resources: [hardwareprofiles/status]
  verbs: [update]
- apiGroups: [retune.dev]
  resources: [hardwareprofiles/finalizers]
  verbs: [update]
{{- if eq .Values.page.listen "Everywhere" }}
# The page asks who sends a token, and whether they may read searches.
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end -}}

{{/* Of the lease that says who leads, in the operator's own namespace. A name can't be asked for when it is made. */}}
{{- define "retune.rules.leader" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [retune]
  verbs: [get, update]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- end -}}

{{- define "retune.subjects" -}}
- kind: ServiceAccount
  name: {{ include "retune.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
