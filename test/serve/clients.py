"""Talks to a Retune server with Triton's and KServe's own clients; prints what they got as JSON."""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferRequest, RESTConfig
from kserve import InferInput as KServeInput

url, heldout = sys.argv[1:]
images = np.load(heldout)["image"][:4]


def with_triton():
    client = triton.InferenceServerClient(url.removeprefix("http://"))
    tensor = triton.InferInput("image", images.shape, "UINT8")
    answers = {}
    for name, binary in (("binary", True), ("json", False)):
        tensor.set_data_from_numpy(images, binary_data=binary)
        outputs = [triton.InferRequestedOutput("logits", binary_data=binary)]
        answers[name] = client.infer("digits", [tensor], outputs=outputs).as_numpy("logits").tolist()
    metadata = client.get_model_metadata("digits")
    ready = [client.is_server_live(), client.is_server_ready(), client.is_model_ready("digits")]
    return {"ready": ready, "inputs": metadata["inputs"], **answers}


async def with_kserve():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    tensor = KServeInput("image", list(images.shape), "UINT8")
    answers = {}
    for name, binary in (("binary", True), ("json", False)):
        tensor.set_data_from_numpy(images, binary_data=binary)
        request = InferRequest(model_name="digits", infer_inputs=[tensor])
        response = await client.infer(url, request, model_name="digits")
        answers[name] = response.outputs[0].as_numpy().tolist()
    ready = [await client.is_server_ready(url), await client.is_model_ready(url, "digits")]
    return {"ready": ready, **answers}


print(json.dumps({"triton": with_triton(), "kserve": asyncio.run(with_kserve())}))
