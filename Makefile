# Everything from a fresh clone: `make quickstart` or `make test`. Each target does only what is left to do.
PYTHON ?= python3
SEED ?= 0
VENV := .venv
ZSAR := $(VENV)/bin/zsar
INSTALLED := $(VENV)/.installed-dev
SOURCES := $(shell git ls-files -- 'zsar/*.py' 'lightning_modules/*.py' 'datamodules/*.py' 'callbacks/*.py' 'configs/*.yaml' 'lightning_modules/*.json' \
  'datamodules/*.json' 'datamodules/*.txt')
CONFIGS := configs/experiment
TINY_CLIP := runs/tiny_clip
QUICKSTART := runs/quickstart
ABLATION := runs/ablation
AP_CLIP_DEMO := runs/ap-clip-demo
TTA_DEMO := runs/tta-demo
TINY_COCA := runs/tiny_coca
LOCALIZE_DEMO := runs/localize-demo
VARIANTS := zero_shot adapters ttl tfd t2l
AP_CLIP_VARIANTS := single_prompt averaged_prompts ap_clip
TTA_VARIANTS := alone tpt dts_tpt_names dts_tpt zar
LOCALIZE_VARIANTS := frame_wise t0 t3al_without_suppression t3al oracle_class oracle_count oracle_selection oracle_all
SEEDS := 0 1 2
N ?= 5000
JOBS ?= 2

.PHONY: help install quickstart ablation ap-clip-demo tta-demo localize-demo test test-lowest coverage fuzz lint format bench clean
.DELETE_ON_ERROR:
.SECONDARY:

help:
	@echo "make quickstart [SEED=0]  install, train T2L on the embedded benchmark, print its table (5 minutes)"
	@echo "make ablation             frozen / adapters / TTL / TFD / both, three seeds each, one table"
	@echo "make ap-clip-demo         one prompt / prompts averaged / AP-CLIP, three seeds each, one table (5 minutes)"
	@echo "make tta-demo             test-time prompt tuning of frozen CLIP and T2L, clean and shifted clips (8 minutes)"
	@echo "make localize-demo        T3AL, its parts and its oracles on untrimmed rendered videos, one table (5 minutes)"
	@echo "make test                 install, run the tests"
	@echo "make test-lowest          the quick tests with the lowest versions that pyproject.toml allows, on the lowest Python"
	@echo "make coverage             the tests, and the files of which they run less than 80 %"
	@echo "make fuzz [N=5000]        thousands of broken videos and text files for all readers, one table (10 minutes)"
	@echo "make lint                 ruff, mypy, codespell"
	@echo "make format               let ruff format the code"
	@echo "make bench                time ours beside the alternatives"
	@echo "make clean                remove the environment and what runs wrote"

# --- installation -----------------------------------------------------------------------------------------------------

install: $(INSTALLED)

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "zsar needs Python 3.10 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }
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
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_zero_shot.yaml --seed_everything $(SEED) --run_dir $(@D)

$(QUICKSTART)/%/results.json: $(TINY_CLIP)/seed0.pt $(QUICKSTART)/.seed-$(SEED)
	$(ZSAR) fit --overwrite --config $(CONFIGS)/moving_shapes_$*.yaml --seed_everything $(SEED) --run_dir $(@D)
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_$*.yaml --seed_everything $(SEED) --run_dir $(@D) \
	  --ckpt_path $(@D)/checkpoints/best.ckpt

# Each seed has a tiny CLIP of its own, so that the deviation includes that of pretraining.
ablation: $(foreach v,$(VARIANTS),$(foreach s,$(SEEDS),$(ABLATION)/$(v)/seed$(s)/results.json))
	$(ZSAR) summarize $(^:/results.json=) --output $(ABLATION)/results.json

define ABLATION_RULES
$(ABLATION)/zero_shot/seed$(1)/results.json: $(TINY_CLIP)/seed$(1).pt
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_zero_shot.yaml --seed_everything $(1) --run_dir $$(@D) \
	  --model.backbone.weights $(TINY_CLIP)/seed$(1).pt

$(ABLATION)/%/seed$(1)/results.json: $(TINY_CLIP)/seed$(1).pt
	$(ZSAR) fit --overwrite --config $(CONFIGS)/moving_shapes_$$*.yaml --seed_everything $(1) --run_dir $$(@D) \
	  --model.backbone.weights $(TINY_CLIP)/seed$(1).pt
	$(ZSAR) test --overwrite --config $(CONFIGS)/moving_shapes_$$*.yaml --seed_everything $(1) --run_dir $$(@D) \
	  --model.backbone.weights $(TINY_CLIP)/seed$(1).pt --ckpt_path $$(@D)/checkpoints/best.ckpt
endef
$(foreach s,$(SEEDS),$(eval $(call ABLATION_RULES,$(s))))

# One tiny CLIP for all seeds: they differ in training alone. Two runs at a time, of one thread each.
AP_CLIP_RUNS := $(foreach v,$(AP_CLIP_VARIANTS),$(foreach s,$(SEEDS),$(AP_CLIP_DEMO)/$(v)/seed$(s)))
AP_CLIP_QUIET := OMP_NUM_THREADS=1 $(ZSAR)

ap-clip-demo: $(TINY_CLIP)/seed0.pt
	$(MAKE) --no-print-directory --jobs 2 $(AP_CLIP_RUNS:%=%/results.json)
	$(ZSAR) summarize $(AP_CLIP_RUNS) --output $(AP_CLIP_DEMO)/results.json

define AP_CLIP_RULES
$(AP_CLIP_DEMO)/%/seed$(1)/results.json: $(TINY_CLIP)/seed0.pt
	$(AP_CLIP_QUIET) fit --overwrite --config $(CONFIGS)/moving_shapes_$$*.yaml --seed_everything $(1) --run_dir $$(@D) \
	  --trainer.enable_progress_bar false
	$(AP_CLIP_QUIET) test --overwrite --config $(CONFIGS)/moving_shapes_$$*.yaml --seed_everything $(1) --run_dir $$(@D) \
	  --trainer.enable_progress_bar false --ckpt_path $$(@D)/checkpoints/best.ckpt
endef
$(foreach s,$(SEEDS),$(eval $(call AP_CLIP_RULES,$(s))))

# One tiny CLIP; seeds differ in T2L's training, the test clips and their views. A model's tests of a seed run in one
# process, two processes at a time, of one thread each.
TTA_RUNS := $(foreach m,t2l frozen,$(foreach s,$(SEEDS),$(TTA_DEMO)/.tested-$(m)-$(s)))
TTA_ROWS := $(foreach m,frozen t2l,$(foreach v,$(TTA_VARIANTS),$(foreach s,$(SEEDS),$(TTA_DEMO)/$(m)_$(v)/seed$(s))))

tta-demo: $(TINY_CLIP)/seed0.pt
	$(MAKE) --no-print-directory --jobs 2 $(TTA_RUNS)
	$(ZSAR) summarize $(TTA_ROWS) --output $(TTA_DEMO)/results.json

# $(1): model, $(2): seed, $(3): more options of a test
TTA_TEST = zsar test --overwrite --config $(CONFIGS)/shifted_moving_shapes_$(V).yaml $(3) --seed_everything $(2) \
  --data.render_seed $(2) --run_dir $(TTA_DEMO)/$(1)_$(V)/seed$(2) --trainer.enable_progress_bar false

define TTA_RULES
$(TTA_DEMO)/.tested-frozen-$(1): $(TINY_CLIP)/seed0.pt
	@mkdir -p $(TTA_DEMO)
	@printf '%s\n' $(foreach V,$(TTA_VARIANTS),'$(call TTA_TEST,frozen,$(1),)') | OMP_NUM_THREADS=1 $(ZSAR) several -
	@touch $$@

$(TTA_DEMO)/t2l/seed$(1)/checkpoints/best.ckpt: $(TINY_CLIP)/seed0.pt
	OMP_NUM_THREADS=1 $(ZSAR) fit --overwrite --config $(CONFIGS)/moving_shapes_t2l.yaml --seed_everything $(1) \
	  --run_dir $(TTA_DEMO)/t2l/seed$(1) --trainer.enable_progress_bar false

$(TTA_DEMO)/.tested-t2l-$(1): $(TTA_DEMO)/t2l/seed$(1)/checkpoints/best.ckpt
	@printf '%s\n' $(foreach V,$(TTA_VARIANTS),'$(call TTA_TEST,t2l,$(1),--model configs/model/tiny_t2l.yaml --ckpt_path $(TTA_DEMO)/t2l/seed$(1)/checkpoints/best.ckpt)') \
	  | OMP_NUM_THREADS=1 $(ZSAR) several -
	@touch $$@
endef
$(foreach s,$(SEEDS),$(eval $(call TTA_RULES,$(s))))

# One tiny CoCa; seeds differ in the rendered videos and in what T3AL draws. A seed's runs are one process of one thread:
# the first renders the videos and decodes them itself, the others read features and captions that are extracted once.
LOCALIZE_RUNS := $(SEEDS:%=$(LOCALIZE_DEMO)/.tested-%)
LOCALIZE_ROWS := $(foreach v,$(LOCALIZE_VARIANTS),$(foreach s,$(SEEDS),$(LOCALIZE_DEMO)/$(v)/seed$(s)))
LOCALIZE_FIGURE := $(LOCALIZE_DEMO)/figure

$(TINY_COCA)/seed%.pt: $(SOURCES) | $(INSTALLED)
	$(ZSAR) pretrain-tiny --architecture tiny-coca --seed $* --output $@
	@touch $@

localize-demo: $(TINY_COCA)/seed0.pt
	$(MAKE) --no-print-directory --jobs 3 $(LOCALIZE_RUNS)
	$(ZSAR) localize $(LOCALIZE_DEMO)/data/seed0/untrimmed_shapes/*/blue_circle_00.mp4 \
	  --classes "blue circle moving, red square moving, green cross moving" --template "a photo of a {}" \
	  --annotations $(LOCALIZE_DEMO)/data/seed0/untrimmed_shapes/*/timeline.json \
	  --architecture tiny-coca --weights $(TINY_COCA)/seed0.pt --captions $(LOCALIZE_DEMO)/data/seed0/features/* \
	  --output $(LOCALIZE_FIGURE)
	$(ZSAR) summarize $(LOCALIZE_ROWS) --output $(LOCALIZE_DEMO)/results.json

# $(1): seed, $(2): more options of a test
LOCALIZE_TEST = zsar test --overwrite --config $(CONFIGS)/untrimmed_shapes_$(V).yaml --seed_everything $(1) --data.render_seed $(1) \
  --data.data_root $(LOCALIZE_DEMO)/data/seed$(1) --run_dir $(LOCALIZE_DEMO)/$(V)/seed$(1) \
  --trainer.enable_progress_bar false $(2)
LOCALIZE_EXTRACT = zsar extract $(LOCALIZE_DEMO)/data/seed$(1)/untrimmed_shapes \
  --output $(LOCALIZE_DEMO)/data/seed$(1)/features --architecture tiny-coca --weights $(TINY_COCA)/seed0.pt \
  --dtype fp32 --captions --caption-generation greedy --n-workers 0

define LOCALIZE_RULES
$(LOCALIZE_DEMO)/.tested-$(1): $(TINY_COCA)/seed0.pt
	@rm -rf $(LOCALIZE_DEMO)/data/seed$(1) && mkdir -p $(LOCALIZE_DEMO)
	@printf '%s\n' $(foreach V,frame_wise,'$(call LOCALIZE_TEST,$(1),)') '$(call LOCALIZE_EXTRACT,$(1))' \
	  $(foreach V,$(filter-out frame_wise,$(LOCALIZE_VARIANTS)),'$(call LOCALIZE_TEST,$(1),--data.loading.features features --data.loading.captions features)') \
	  | OMP_NUM_THREADS=1 $(ZSAR) several -
	@touch $$@
endef
$(foreach s,$(SEEDS),$(eval $(call LOCALIZE_RULES,$(s))))

# --- development ------------------------------------------------------------------------------------------------------

test: $(INSTALLED)
	$(VENV)/bin/pytest --numprocesses 2

# The lowest Python that there is, 3.10 or later, also one of pyenv; uv finds the lowest versions of what pyproject names.
LOWEST_PYTHON := $(firstword $(foreach v,10 11 12 13,$(wildcard $(HOME)/.pyenv/versions/3.$(v).*/bin/python) \
  $(shell command -v python3.$(v))) $(PYTHON))
LOWEST_VENV := .venv-lowest

$(LOWEST_VENV)/.installed: pyproject.toml | $(INSTALLED)
	$(VENV)/bin/uv venv --quiet --clear --python $(LOWEST_PYTHON) $(LOWEST_VENV)
	$(VENV)/bin/uv pip install --quiet --python $(LOWEST_VENV)/bin/python --resolution lowest-direct --editable '.[dev]'
	@touch $@

test-lowest: $(LOWEST_VENV)/.installed
	$(LOWEST_VENV)/bin/python --version
	$(LOWEST_VENV)/bin/pytest --numprocesses 2 -m 'not slow'

coverage: $(INSTALLED)
	$(VENV)/bin/pytest --numprocesses 2 --cov --cov-report=json:.coverage.json --cov-report=
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
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(VENV)/bin/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(LOWEST_VENV) runs data build *.egg-info .mypy_cache .ruff_cache .pytest_cache
