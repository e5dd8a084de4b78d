# One image for processors and NVIDIA GPUs: torch's default wheels carry their CUDA libraries.
#
#   docker build -t dlr .
#   docker run --rm -v "$PWD":/data dlr check study.yaml
#   docker run --rm --gpus all -v "$PWD":/data dlr extract study.yaml      # with a GPU
#
# The container needs no network to run. Give pretrained weights as a file in the mounted folder
# (`embedding: {weights: weights.pth}`), see the README.
FROM python:3.12-slim

# xgboost and lightgbm need OpenMP's runtime; nothing is compiled.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/dlr
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY dlr ./dlr
RUN pip install --no-cache-dir --constraint constraints.txt ".[cnn,dicom,onnx]"

# Machine code of the radiomics engine is made once, here, and not at each start.
ENV NUMBA_CACHE_DIR=/opt/numba
RUN mkdir -p /opt/numba && python -c "from dlr.features.radiomics.native import warm_up; warm_up()" \
 && chmod -R a+rwX /opt/numba

RUN useradd --create-home dlr
USER dlr
WORKDIR /data
ENTRYPOINT ["dlr"]
CMD ["--help"]
