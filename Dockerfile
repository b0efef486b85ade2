# CPU:   docker build -t zsar .
# CUDA:  docker build -t zsar:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu126 .
#        (the wheels of torch bring CUDA's libraries; the host needs NVIDIA's driver and container toolkit)
# Run:   docker run --rm --gpus all -v "$PWD:/work" -v "$HOME/data:/data" zsar:cuda fit --config experiment/t2l_kinetics400
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=""

# torch and torchvision as a pair of one build, before zsar, which takes what is there
RUN pip install --no-cache-dir torch torchvision --index-url "$TORCH_INDEX"
COPY . /src
RUN pip install --no-cache-dir "/src${EXTRAS}" && rm -rf /src

RUN useradd --create-home zsar && mkdir -p /work /data && chown zsar /work /data
USER zsar
ENV ZSAR_DATA=/data
WORKDIR /work
ENTRYPOINT ["zsar"]
CMD ["--help"]
