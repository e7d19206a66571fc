"""The way through mediapipe's Tasks API, on a `.task` file made from its wheel's models."""

import gc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from thlab.face import detect_landmarks, to_68

mediapipe = pytest.importorskip("mediapipe")
# mediapipe's metadata writer leaves its temporary files to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
MODELS = Path(mediapipe.__file__).parent / "modules"


def with_478_points(model):
    """The wheel's 468-point mesh with ten points of zeros: the Tasks API insists on 478."""
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph = tree.subgraphs[0]
    mesh, flag = graph.outputs
    pad = schema.OperatorCodeT()
    pad.deprecatedBuiltinCode = pad.builtinCode = schema.BuiltinOperator.PAD
    pad.version = 1
    widths = schema.BufferT()
    widths.data = np.frombuffer(
        np.array([[0, 0], [0, 0], [0, 0], [0, 30]], "<i4").tobytes(), np.uint8
    )
    tree.operatorCodes.append(pad)
    tree.buffers.append(widths)
    for name, shape, kind, buffer in (
        ("widths", [4, 2], schema.TensorType.INT32, len(tree.buffers) - 1),
        ("mesh_478", [1, 1, 1, 1434], schema.TensorType.FLOAT32, 0),
    ):
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = shape
        tensor.type = kind
        tensor.buffer = buffer
        graph.tensors.append(tensor)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(tree.operatorCodes) - 1
    operator.inputs = [mesh, len(graph.tensors) - 2]
    operator.outputs = [len(graph.tensors) - 1]
    operator.builtinOptionsType = schema.BuiltinOptions.PadOptions
    operator.builtinOptions = schema.PadOptionsT()
    graph.operators.append(operator)
    graph.outputs = [len(graph.tensors) - 1, flag]
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def described(model, lowest, highest):
    """The model with the metadata that tells the Tasks API how to scale its input."""
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    middle = (lowest + highest) / 2
    half = (highest - lowest) / 2
    writer = metadata_writer.MetadataWriter(bytearray(model))
    writer.add_general_info("test")
    writer.add_image_input([127.5 - middle * 127.5 / half], [127.5 / half])
    return bytes(writer.populate()[0])


@pytest.fixture(scope="module")
def task_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "face.task"
    detector = (MODELS / "face_detection/face_detection_short_range.tflite").read_bytes()
    mesh = with_478_points((MODELS / "face_landmark/face_landmark.tflite").read_bytes())
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("face_detector.tflite", described(detector, -1, 1))
        bundle.writestr("face_landmarks_detector.tflite", described(mesh, 0, 1))
    gc.collect()
    return path


def test_a_task_file_gives_the_same_points(task_file, real_data):
    """Against the models that detect_landmarks takes by itself: two meshes, nearly equal."""
    from PIL import Image

    picture = Image.open(real_data / "faces_public_domain/astronaut.png")
    frames = np.array(picture.convert("RGB"))[None]
    landmarks, found = detect_landmarks(frames, model=task_file)
    assert found.tolist() == [True]
    assert landmarks.shape == (1, 478, 3)
    attention, _ = detect_landmarks(frames)
    error = np.linalg.norm(to_68(landmarks) - to_68(attention), axis=-1)
    assert error.mean() < 2  # pixels, the eyes are 44 apart


def test_a_task_file_sees_no_face_in_noise(task_file):
    noise = np.random.default_rng(0).integers(0, 256, (2, 100, 120, 3), np.uint8)
    with pytest.raises(ValueError, match="wall: no face found in any of its 2 frames"):
        detect_landmarks(noise, model=task_file, name="wall")
