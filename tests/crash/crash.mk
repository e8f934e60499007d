# The program with the seam, linked against a fake machine. Called by tests/crash/run:
#   make -f tests/crash/crash.mk BUILD=build/crash EXTRA_CFLAGS=-DMAILSETUP_SEAM build/crash/tests/crash/matrix

include Makefile

CRASH = tests/crash
REPLACED = installer/cli/main installer/cli/sink_journal installer/host/unit installer/host/unit_bus \
           installer/host/unit_job installer/host/listeners installer/mail/dialogue installer/mail/spamd \
           $(patsubst %.c,%,$(wildcard checks/*.c))
WRAPPED = host_open file_space key_generate_rsa certificate_self_signed password_hash nanosleep execve sqlite3_open_v2 \
          journal_intend journal_find journal_last state_step_set
MATRIX = $(patsubst %,$(BUILD)/$(CRASH)/%.o,matrix points taken_over bench machine manifest \
           state fakes fakes_accounts fakes_packages packages fake_units fake_network fake_world \
           broken_engines)

$(BUILD)/$(CRASH)/matrix: $(filter-out $(REPLACED:%=$(BUILD)/%.o),$(OBJECTS)) $(MATRIX)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

# See fake_world.c: the fakes run in a vfork, and so does what is computed; the sanitizers want a fork.
ifeq ($(findstring sanitize,$(EXTRA_CFLAGS)),)
$(BUILD)/installer/host/process_child.o $(BUILD)/installer/host/compute.o: private ALL_CFLAGS += -Dfork=vfork
endif

-include $(MATRIX:.o=.d)
