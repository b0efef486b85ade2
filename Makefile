# Everything from a fresh clone: `make quickstart` or `make test`. Targets skip finished steps.
PYTHON ?= python3
SEED ?= 0
VENV := .venv
ZSAR := $(VENV)/bin/zsar
INSTALLED := $(VENV)/.installed-dev
SOURCES := $(shell git ls-files -- 'zsar/*.py' 'lightning_modules/*.py' 'datamodules/*.py' 'callbacks/*.py' 'configs/*.yaml' \
  ':!configs/papers.yaml' 'lightning_modules/*.json' ':!lightning_modules/command_line/models/*.json' \
  'datamodules/*.json' 'datamodules/*.txt')
CONFIGS := configs/experiment
TINY_CLIP := runs/tiny_clip
QUICKSTART := runs/quickstart
TINY_COCA := runs/tiny_coca
TOWERS_DEMO := runs/towers-demo
LOCALIZE_DEMO := runs/localize-demo
SEEDS := 0 1 2
COMMA := ,
SPACE := $() $()
N ?= 5000
JOBS ?= 2

.PHONY: help install quickstart ablation ap-clip-demo tta-demo localize-demo evidence towers-demo sight-demo sight-runs results models pictures docs docs-serve test test-lowest coverage fuzz lint format bench clean
.DELETE_ON_ERROR:
.SECONDARY:

help:
	@echo "make quickstart [SEED=0]  install, train T2L on the embedded benchmark, print its table (5 minutes)"
	@echo "make ablation             compare frozen / adapters / TTL / TFD / both / BIKE / Open-VCLIP, three seeds each, in one table"
	@echo "make ap-clip-demo         compare one prompt / averaged prompts / AP-CLIP, three seeds each, in one table (5 minutes)"
	@echo "make tta-demo             test-time prompt tuning of frozen CLIP and T2L, clean and shifted clips (8 minutes)"
	@echo "make localize-demo        T3AL, its parts and its oracles on untrimmed rendered videos, in one table (5 minutes)"
	@echo "make evidence             what each method is for: the tables of docs/results/embedded.md, three seeds each (65 minutes)"
	@echo "make evidence-NAME        one of them: phased, shifts, tfd, localization or structure (6 to 17 minutes)"
	@echo "make towers-demo          frozen and T2L on a tiny CLIP, SigLIP and PE-Core, in one table (15 minutes)"
	@echo "make sight-demo           the runs of make quickstart, one tuned and one localized, with all pictures and a page of each (5 minutes)"
	@echo "make results              write docs/results/README.md, the papers' tables with their commands, from configs/papers.yaml"
	@echo "make models               compute the table of architectures that zsar includes, and docs/reference/architectures.md (10 minutes)"
	@echo "make pictures             render the pictures of README.md into docs/pictures, from make quickstart and an untrimmed video"
	@echo "make docs                 build the documentation into build/site (open build/site/index.html)"
	@echo "make docs-serve           show the documentation, with search, at http://127.0.0.1:8000; changed pages are built again"
	@echo "make test                 install, run all tests"
	@echo "make test-lowest          run the quick tests with the lowest allowed versions of Python and packages"
	@echo "make coverage             run the tests, list files with less than 80 % coverage"
	@echo "make fuzz [N=5000]        feed thousands of broken videos and text files to all readers, one table (10 minutes)"
	@echo "make lint                 run ruff, mypy, codespell"
	@echo "make format               format the code with ruff"
	@echo "make bench                time zsar beside the alternatives, in one table: runs/bench/bench.md"
	@echo "make clean                remove the environment and the results of runs"

# --- installation -----------------------------------------------------------------------------------------------------

install: $(INSTALLED)

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "zsar needs Python 3.10 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "$(PYTHON) cannot create virtual environments; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --editable '.[dev]'
	@touch $@

# --- the embedded benchmark -------------------------------------------------------------------------------------------

$(TINY_CLIP)/seed%.pt: $(SOURCES) | $(INSTALLED)
	$(ZSAR) pretrain-tiny --seed $* --output $@
	@touch $@

quickstart: $(QUICKSTART)/zero_shot/results.json $(QUICKSTART)/adapters/results.json $(QUICKSTART)/t2l/results.json
	$(ZSAR) picture $(QUICKSTART)/zero_shot $(QUICKSTART)/t2l --set novel --output $(QUICKSTART)/novel_clips.png
	$(ZSAR) summarize $(QUICKSTART)/zero_shot $(QUICKSTART)/adapters $(QUICKSTART)/t2l --output $(QUICKSTART)/results.json

$(QUICKSTART)/.seed-$(SEED):
	@rm -rf $(QUICKSTART) && mkdir -p $(QUICKSTART) && touch $@

$(QUICKSTART)/zero_shot/results.json: $(TINY_CLIP)/seed0.pt $(QUICKSTART)/.seed-$(SEED)
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_zero_shot.yaml --seed_everything $(SEED) --run_dir $(@D) $(DRAWN)

$(QUICKSTART)/%/results.json: $(TINY_CLIP)/seed0.pt $(QUICKSTART)/.seed-$(SEED)
	$(ZSAR) fit --overwrite --config $(CONFIGS)/moving_shapes_$*.yaml --seed_everything $(SEED) --run_dir $(@D)
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_$*.yaml --seed_everything $(SEED) --run_dir $(@D) \
	  --ckpt_path $(@D)/checkpoints/best.ckpt $(DRAWN)

# --- tables of the embedded benchmark: sweeps of configs/sweeps/; SEEDS=0 for a quick look -----------------------------

SEEDED = --where seed=$(subst $(SPACE),$(COMMA),$(strip $(SEEDS)))
SWEEP = $(ZSAR) reproduce moving_shapes/$@ $(SEEDED)

ablation: $(SEEDS:%=$(TINY_CLIP)/seed%.pt)
	$(SWEEP)

ap-clip-demo tta-demo: $(TINY_CLIP)/seed0.pt
	$(SWEEP)

$(TINY_COCA)/seed%.pt: $(SOURCES) | $(INSTALLED)
	$(ZSAR) pretrain-tiny --architecture tiny-coca --seed $* --output $@
	@touch $@

# Videos, features and captions belong to one tiny CoCa.
$(LOCALIZE_DEMO)/.begun: $(TINY_COCA)/seed0.pt
	@rm -rf $(LOCALIZE_DEMO)/data && mkdir -p $(@D) && touch $@

localize-demo: $(LOCALIZE_DEMO)/.begun
	$(SWEEP)
	$(ZSAR) localize $(LOCALIZE_DEMO)/data/seed$(firstword $(SEEDS))/untrimmed_shapes/*/blue_circle_00.mp4 \
	  --classes "blue circle moving, red square moving, green cross moving" --template "a photo of a {}" \
	  --annotations $(LOCALIZE_DEMO)/data/seed$(firstword $(SEEDS))/untrimmed_shapes/*/timeline.json \
	  --architecture tiny-coca --weights $(TINY_COCA)/seed0.pt \
	  --captions $(LOCALIZE_DEMO)/data/seed$(firstword $(SEEDS))/features/* --output $(LOCALIZE_DEMO)/figure

# --- what each method is for: sweeps configs/sweeps/evidence_NAME.yaml, and the page that their tables are written into --

EVIDENCE := phased shifts tfd structure localization

evidence: $(EVIDENCE:%=evidence-%)

evidence-phased evidence-shifts evidence-tfd evidence-structure: $(TINY_CLIP)/seed0.pt

evidence-localization: $(TINY_COCA)/seed0.pt

.PHONY: $(EVIDENCE:%=evidence-%)
$(EVIDENCE:%=evidence-%): evidence-%:
	$(ZSAR) reproduce evidence/$* $(SEEDED)
	$(VENV)/bin/python benchmarks/evidence_page.py

# --- T2L on towers of other families; each has its own weights ----------------------------------------------------------

OF_OTHER_TOWERS := $(foreach tower,tiny_clip tiny_siglip tiny_pe,$(TOWERS_DEMO)/$(tower)/zero_shot $(TOWERS_DEMO)/$(tower)/t2l)
ON_TOWER = --run_dir $(@D) --model.backbone.architecture $(subst _,-,$*) --model.backbone.weights $<

runs/tiny_siglip/seed%.pt: $(SOURCES) | $(INSTALLED)
	$(ZSAR) pretrain-tiny --architecture tiny-siglip --seed $* --output $@
	@touch $@

runs/tiny_pe/seed%.pt: $(SOURCES) | $(INSTALLED)
	$(ZSAR) pretrain-tiny --architecture tiny-pe --seed $* --output $@
	@touch $@

towers-demo: $(OF_OTHER_TOWERS:%=%/results.json)
	$(ZSAR) summarize $(OF_OTHER_TOWERS) --output $(TOWERS_DEMO)/results.json

$(TOWERS_DEMO)/%/zero_shot/results.json: runs/%/seed0.pt
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_zero_shot.yaml $(ON_TOWER)

$(TOWERS_DEMO)/%/t2l/results.json: runs/%/seed0.pt
	$(ZSAR) fit --overwrite --config $(CONFIGS)/moving_shapes_t2l.yaml $(ON_TOWER)
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_t2l.yaml $(ON_TOWER) --ckpt_path $(@D)/checkpoints/best.ckpt

# --- what can be seen of runs: two at a time, each on one core ---------------------------------------------------------

SEEN := $(foreach run,zero_shot adapters t2l tuned localized,$(QUICKSTART)/$(run)/.seen)

# Runs that make quickstart has tested already are tested again, with the pictures.
PICTURES_OF_QUICKSTART := $(foreach name,errors attention_maps embedding_map frame_map,--config visualization/$(name))
PICTURED = $(ZSAR) test --trainer.enable_progress_bar false --seed_everything $(SEED) --run_dir $(@D)

sight-demo: $(INSTALLED)
	OMP_NUM_THREADS=1 $(MAKE) --no-print-directory --jobs 2 --output-sync=line sight-runs DRAWN="$(PICTURES_OF_QUICKSTART)"
	$(ZSAR) report $(QUICKSTART)
	$(ZSAR) report $(foreach run,zero_shot adapters t2l,$(QUICKSTART)/$(run)) --output $(QUICKSTART)/compared.html

sight-runs: $(SEEN)

$(QUICKSTART)/zero_shot/.seen $(QUICKSTART)/adapters/.seen $(QUICKSTART)/t2l/.seen: $(QUICKSTART)/%/.seen: $(QUICKSTART)/%/results.json
	test -f $(@D)/pictures/index.json || $(PICTURED) --overwrite --config $(CONFIGS)/moving_shapes_$*.yaml $(DRAWN)
	@touch $@

$(QUICKSTART)/tuned/.seen: $(TINY_CLIP)/seed0.pt $(QUICKSTART)/.seed-$(SEED)
	$(PICTURED) --overwrite --config $(CONFIGS)/shifted_moving_shapes_dts_tpt.yaml --config visualization/tuned_text_map
	@touch $@

$(QUICKSTART)/localized/.seen: $(TINY_CLIP)/seed0.pt $(QUICKSTART)/.seed-$(SEED)
	$(PICTURED) --overwrite --config $(CONFIGS)/untrimmed_shapes_frame_wise.yaml --data.split.number 0 \
	  --model.backbone.architecture tiny-clip --model.backbone.weights $(TINY_CLIP)/seed0.pt \
	  --config visualization/detection_errors --config visualization/timelines
	@touch $@

# --- the papers' tables -----------------------------------------------------------------------------------------------

MODELS := lightning_modules/command_line/models/architectures.json

# Built without weights: nothing is downloaded but configurations of text towers, where there is a network.
models: $(INSTALLED)
	$(ZSAR) models --recompute --output $(MODELS) --output docs/reference/architectures.md

results: $(INSTALLED)
	$(ZSAR) reproduce --list --markdown docs/results/README.md

# --- documentation ----------------------------------------------------------------------------------------------------

# As a module, so that docs/site, which makes the generated pages, is found in the working directory.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs

docs: $(INSTALLED)
	$(MKDOCS) build --strict

docs-serve: $(INSTALLED)
	$(MKDOCS) serve --watch zsar

# --- the pictures of README.md: rendered videos, tiny models ------------------------------------------------------------

PICTURES := docs/pictures
UNTRIMMED := $(LOCALIZE_DEMO)/picture
# 128 colours and 1200 px at most: they stay below 150 kB.
SHRINK := $(VENV)/bin/python -c 'import sys; from PIL import Image; picture = Image.open(sys.argv[1]).convert("RGB"); \
  picture.thumbnail((1200, 1200)); picture.quantize(128).save(sys.argv[2], optimize=True)'

pictures: quickstart $(TINY_COCA)/seed0.pt
	@mkdir -p $(PICTURES)
	$(ZSAR) picture $(QUICKSTART)/zero_shot $(QUICKSTART)/t2l --set novel --count 5 --output $(QUICKSTART)/picture.png
	$(SHRINK) $(QUICKSTART)/picture.png $(PICTURES)/novel_clips.png
	$(VENV)/bin/python -c 'from zsar.datamodules.data_sets import UntrimmedShapes; \
	  UntrimmedShapes(n_videos=1, data_root="$(UNTRIMMED)").prepare_data()'
	$(ZSAR) localize $(UNTRIMMED)/untrimmed_shapes/*/blue_circle_00.mp4 --no_suppress --template "a photo of a {}" \
	  --classes "blue circle moving, red square moving, green cross moving" \
	  --annotations $(UNTRIMMED)/untrimmed_shapes/*/timeline.json \
	  --architecture tiny-coca --weights $(TINY_COCA)/seed0.pt --output $(UNTRIMMED)
	$(SHRINK) $(UNTRIMMED)/blue_circle_00.png $(PICTURES)/localize.png

# --- development ------------------------------------------------------------------------------------------------------

# Each process runs a half in order, so that what tests share is made once, and takes of the other's when it has done.
PYTEST_ON_BOTH_CORES := pytest --numprocesses 2 --dist worksteal

test: $(INSTALLED)
	$(VENV)/bin/$(PYTEST_ON_BOTH_CORES)

# The lowest installed Python from 3.10 on, including pyenv's; uv resolves the lowest allowed versions of the packages.
LOWEST_PYTHON := $(firstword $(foreach v,10 11 12 13,$(wildcard $(HOME)/.pyenv/versions/3.$(v).*/bin/python) \
  $(shell command -v python3.$(v))) $(PYTHON))
LOWEST_VENV := .venv-lowest

$(LOWEST_VENV)/.installed: pyproject.toml | $(INSTALLED)
	$(VENV)/bin/uv venv --quiet --clear --python $(LOWEST_PYTHON) $(LOWEST_VENV)
	$(VENV)/bin/uv pip install --quiet --python $(LOWEST_VENV)/bin/python --resolution lowest-direct --editable '.[dev]'
	@touch $@

test-lowest: $(LOWEST_VENV)/.installed
	$(LOWEST_VENV)/bin/python --version
	$(LOWEST_VENV)/bin/$(PYTEST_ON_BOTH_CORES) -m 'not slow'

coverage: $(INSTALLED)
	$(VENV)/bin/$(PYTEST_ON_BOTH_CORES) --cov --cov-report=json:.coverage.json --cov-report=
	@$(VENV)/bin/python -c 'import json; report = json.load(open(".coverage.json")); \
	  files = {name: about["summary"]["percent_covered"] for name, about in report["files"].items()}; \
	  print("covered: %.1f %%; below 80 %%:" % report["totals"]["percent_covered"]); \
	  print("\n".join("  %5.1f %%  %s" % (share, name) for name, share in sorted(files.items(), key=lambda f: f[1]) if share < 80))'

fuzz: $(INSTALLED)
	$(VENV)/bin/python -m tests.fuzz --video $(N) --text $(N) --seed $(SEED) --jobs $(JOBS)

lint: $(INSTALLED)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/codespell

format: $(INSTALLED)
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

$(VENV)/.installed-bench: pyproject.toml | $(INSTALLED)
	$(VENV)/bin/pip install --quiet --editable '.[bench]'
	@touch $@

bench: $(VENV)/.installed-bench
	$(VENV)/bin/python benchmarks/table.py

clean:
	rm -rf $(VENV) $(LOWEST_VENV) runs data build *.egg-info .mypy_cache .ruff_cache .pytest_cache
