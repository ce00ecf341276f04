# One image: operator, worker and reference server. BASE has a Node 24 that knows
# --max-old-space-size-percentage, which the chart starts the operator with; tests build the same file on a base of their own.
ARG BASE=node:24-slim

# PROVIDER=cuda adds what runs models on NVIDIA GPUs, some 3 GB (docs/accelerators.md): the provider of the same version as
# onnxruntime-node's library, which it must fit, and the CUDA 13 and cuDNN 9 that it loads. The default adds nothing.
FROM ${BASE} AS provider
ARG PROVIDER=cpu
COPY package.json ./
RUN mkdir -p /provider/engine /provider/cuda \
 && if [ "$PROVIDER" = cuda ]; then \
      apt-get update && apt-get install -y --no-install-recommends python3-pip \
      && version=$(node -p "require('./package.json').dependencies['onnxruntime-node']") \
      && pip install --no-cache-dir --no-deps --target /packages "onnxruntime-gpu==$version" \
      && pip install --no-cache-dir --target /cuda "nvidia-cuda-runtime~=13.0" "nvidia-cuda-nvrtc~=13.0" \
           "nvidia-cufft~=12.0" "nvidia-curand~=10.0" "nvidia-cublas~=13.0" "nvidia-cudnn-cu13~=9.0" \
      && cp /packages/onnxruntime/capi/libonnxruntime_providers_cuda.so \
            /packages/onnxruntime/capi/libonnxruntime_providers_shared.so /provider/engine \
      && find /cuda -name 'lib*.so.*' -exec cp {} /provider/cuda \; ; \
    fi

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY src ./src
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund --ignore-scripts \
 && find node_modules/@aws-sdk node_modules/@smithy -type d \( -name dist-es -o -name dist-types \) -prune -exec rm -rf {} + \
 && cd node_modules/onnxruntime-node/bin/napi-v6 \
 && find . -mindepth 2 -maxdepth 2 ! -path "./linux/$(node -p process.arch)" -exec rm -rf {} +

FROM ${BASE}
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=provider /provider/engine/ ./node_modules/onnxruntime-node/bin/napi-v6/linux/x64/
COPY --from=provider /provider/cuda/ /opt/cuda/lib/
# The folders where a node's driver is mounted, and what of it: its compute libraries, and nvidia-smi.
ENV LD_LIBRARY_PATH=/opt/cuda/lib:/usr/local/nvidia/lib64 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/nvidia/bin \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY package.json ./
COPY examples/quickstart/supernet.onnx examples/quickstart/supernet.json examples/quickstart/heldout.npz examples/quickstart/calibration.npz ./examples/quickstart/
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["operator"]
