# One image: operator, worker and reference server. BASE is a Debian with npm and a Node 24 that knows
# --max-old-space-size-percentage, which the chart starts the operator with; of it the image gets Node and what that needs.
# Tests build the same file on a base of their own.
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
# All that Node and the engine load of Debian, with its licences and dpkg's record of each package where scanners look for it
# in images without dpkg: no shell, no package manager. zlib is for cuDNN.
RUN mkdir -p /system/usr/lib /system/usr/lib64 /system/etc /system/var/lib/dpkg/status.d \
 && printf 'root:x:0:0::/root:/usr/sbin/nologin\nnonroot:x:65532:65532::/nonexistent:/usr/sbin/nologin\n' > /system/etc/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' > /system/etc/group \
 && printf 'passwd: files\ngroup: files\nhosts: files dns\n' > /system/etc/nsswitch.conf \
 && for package in $(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' \
      base-files 'gcc-*-base' libc6 libgcc-s1 libstdc++6 zlib1g | sed -n 's/^installed //p'); do \
      dpkg-query --status "$package" > "/system/var/lib/dpkg/status.d/$package" \
      && dpkg-query --listfiles "$package" ; \
    done | sort -u | while read -r path; do if [ -e "$path" ]; then echo "$path"; fi; done \
  | tar --create --no-recursion --files-from - | tar --extract --directory /system --keep-directory-symlink
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY src ./src
COPY scripts/image ./scripts/image
# Node loads no TypeScript of a package, no source maps, and of echarts the one file that browsers get; bare-* are for Bare.
# The list of what is in the image (CycloneDX) has an ending that makes scanners find it. Asked to omit devDependencies npm
# would also leave out what both need, so they are gone before it is asked.
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund --ignore-scripts \
 && npm pkg delete devDependencies \
 && npm sbom --sbom-format=cyclonedx --sbom-type=application > npm.cdx.json \
 && node scripts/image/sbom.ts npm.cdx.json /system/var/lib/dpkg/status.d > sbom.cdx.json \
 && find node_modules/@aws-sdk node_modules/@smithy -type d \( -name dist-es -o -name dist-types \) -prune -exec rm -rf {} + \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete \
 && find node_modules/echarts -type f ! -name package.json ! -name 'LICENSE*' ! -name 'NOTICE*' ! -name echarts.common.min.js -delete \
 && rm -rf node_modules/bare-*/prebuilds node_modules/bintrees/test \
 && find node_modules -type d -empty -delete \
 && cd node_modules/onnxruntime-node/bin/napi-v6 \
 && find . -mindepth 2 -maxdepth 2 ! -path "./linux/$(node -p process.arch)" -exec rm -rf {} +

FROM scratch
WORKDIR /app
COPY --from=build /system/ /
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/sbom.cdx.json ./
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
