"""Checks that results open as labelled data: arguments known.h5 empty.h5 example.h5 pipeline.h5 of
writer.c."""

import sys

import h5py
import numpy
import xarray

ENGINES = ["netcdf4"]
try:
    import h5netcdf  # noqa: F401

    ENGINES.append("h5netcdf")
except ImportError:
    pass


def sections(path):
    """The groups below /series, and a look at the file with h5py."""
    with h5py.File(path, "r") as file:
        assert file.attrs["status"] == b"complete", file.attrs["status"]
        assert file.attrs["format"] == 1
        assert h5py.h5ds.is_scale(file["series/time"].id)
        return [name for name, item in file["series"].items() if isinstance(item, h5py.Group)]


def check_sections(path, engine, rows):
    for section in sections(path):
        data = xarray.open_dataset(path, group="series/" + section, engine=engine).load()
        assert "time" in data.coords, (path, section)
        assert data.time.attrs["units"] == "s", data.time.attrs
        assert data.sizes["time"] == rows, (path, section, data.sizes)
        assert len(data.data_vars) > 0, (path, section)
        for name, column in data.data_vars.items():
            assert column.dims[0] == "time", (section, name, column.dims)
            assert column.attrs["units"], (section, name)
            assert column.attrs["long_name"], (section, name)
            assert column.attrs["cell_methods"] in ("time: mean", "time: sum"), (section, name)
            for dimension in column.dims[1:]:
                assert dimension in data.coords, (section, name, dimension)


def check_known(path, engine):
    """Row i: time (i + 1)/2, counter i, square i * i, cell k = i + k/4096 [writer.c]."""
    rows = numpy.arange(5000.0)
    known = xarray.open_dataset(path, group="series/known", engine=engine)
    assert (known.time == (rows + 1) / 2).all()
    assert (known.counter == rows).all()
    assert (known.square == rows * rows).all()
    assert float(known.counter.sel(time=100.5)) == 200
    wide = xarray.open_dataset(path, group="series/wide", engine=engine)
    assert list(wide.cell.values[:2]) == ["cell-0", "cell-1"], wide.cell
    assert (wide.cell_w.sel(cell="cell-7") == rows + 7 / 4096).all()
    events = xarray.open_dataset(path, group="events", engine=engine).load()
    assert events.detail.values[1] == b"row 8", events.detail.values[1]
    assert events.kind.attrs["flag_meanings"] == "tick"
    iterations = xarray.open_dataset(path, group="iterations", engine=engine).load()
    assert (iterations["first"] == numpy.arange(0, 5000, 4)).all()
    summary = xarray.open_dataset(path, group="summary", engine=engine)
    assert float(summary.duration_s) == 2500
    assert summary.duration_s.attrs["units"] == "s"
    root = xarray.open_dataset(path, engine=engine)
    assert root.attrs["status"] in ("complete", b"complete"), root.attrs


def check_pipeline(path, engine):
    """Two stages, three micro-batches: 2 x (2 x 3 + 2) operations, 3 s for each micro-batch [writer.c]."""
    timeline = xarray.open_dataset(path, group="timeline", engine=engine).load()
    assert timeline.sizes["row"] == 16, timeline.sizes
    roles = timeline.role.attrs["flag_meanings"].split()
    assert list(timeline.role.attrs["flag_values"]) == list(range(len(roles)))
    backward = timeline.where(timeline.role == roles.index("backward"), drop=True)
    assert float(backward.duration.sum()) == 12
    assert timeline.begin.attrs["units"] == "s"
    iterations = xarray.open_dataset(path, group="iterations", engine=engine).load()
    assert float(iterations.exposed.sel(communication="data")[0]) == 1
    assert float(iterations.bubble[0]) == 3


def main():
    known, empty, example, pipeline = sys.argv[1:5]
    for engine in ENGINES:
        check_sections(known, engine, 5000)
        check_sections(empty, engine, 0)
        check_sections(example, engine, 1440)
        check_known(known, engine)
        check_pipeline(pipeline, engine)
        print(engine + ": every section of the series opens as labelled data")


main()
