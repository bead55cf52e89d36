/* SPDX-License-Identifier: MIT */
/*
 * The table of all settings, and the parsers of the texts that set them.
 *
 * A setting is a row: key, help, place in struct settings, and either a list
 * of words or a range of numbers. One that tells disks apart has a value for
 * each, "64,256,0", of which the last goes for the rest. Both parsers cut their
 * text into key and value and leave the rest to the row; a text is applied to a
 * copy, which replaces the settings only if all of it was right.
 *
 * The texts come from a user or from firmware: any bytes, any length, no NUL
 * needed. What is quoted in a message is cut and made printable.
 *
 * Owns nothing; any context; no state. Deliberately absent: units (they are in
 * the keys' names), quoting, and rules between settings, which belong to
 * their users.
 */
#include "kernel/lib/settings.h"

#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

#define WORD_SHOWN_BYTES 40u /* of a user's word, in a message */

struct setting {
	const char *key;
	const char *help;
	const char *const *words; /* value i is called words[i]; NULL: a number */
	uint32_t offset; /* of the uint32_t in struct settings */
	uint32_t fallback; /* the default */
	uint32_t min, max; /* words: 0 .. count - 1 */
	bool or_zero; /* 0 is allowed too: "as the device or machine has it" */
	uint32_t more; /* values behind the first, one for each further disk */
};

/* A piece of the text; not NUL-terminated. */
struct word {
	const char *text;
	size_t length;
};

/* Where a complaint points to. line 0: the text has no lines. */
struct place {
	const char *name;
	unsigned line;
};

static const char *const completion_words[] = {
	[COMPLETION_IRQ] = "irq", [COMPLETION_POLL] = "poll", [COMPLETION_ADAPTIVE] = "adaptive"
};
static const char *const interrupts_words[] = {
	[INTERRUPTS_AUTO] = "auto", [INTERRUPTS_MSIX] = "msix",
	[INTERRUPTS_INTX] = "intx", [INTERRUPTS_NONE] = "none"
};
static const char *const ring_words[] = {
	[RING_AUTO] = "auto", [RING_SPLIT] = "split", [RING_PACKED] = "packed"
};
static const char *const chain_words[] = {
	[CHAIN_AUTO] = "auto", [CHAIN_DIRECT] = "direct", [CHAIN_INDIRECT] = "indirect"
};
static const char *const sched_words[] = { [SCHED_NONE] = "none", [SCHED_DEADLINE] = "deadline" };
static const char *const engine_words[] = {
	[ENGINE_BLK] = "blk", [ENGINE_FLOOR] = "floor", [ENGINE_LAYER] = "layer"
};
static const char *const stages_words[] = { [STAGES_MEAN] = "mean", [STAGES_FULL] = "full" };
static const char *const fio_version_words[] = {
	[FIO_3_33] = "3.33", [FIO_3_39] = "3.39", [FIO_3_41] = "3.41"
};
static const char *const switch_words[] = { "off", "on" };
static const char *const log_words[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
};

#define WORDS(member, list, default_value, text)                                     \
	{ .key = #member, .help = text, .words = list,                               \
	  .offset = offsetof(struct settings, member), .fallback = default_value,    \
	  .min = 0, .max = ARRAY_COUNT(list) - 1 }

#define NUMBER(member, low, high, default_value, text)                               \
	{ .key = #member, .help = text, .offset = offsetof(struct settings, member), \
	  .fallback = default_value, .min = low, .max = high }

#define NUMBER_OR_ZERO(member, low, high, text)                                      \
	{ .key = #member, .help = text, .offset = offsetof(struct settings, member), \
	  .fallback = 0, .min = low, .max = high, .or_zero = true }

#define NUMBERS_OR_ZERO(member, low, high, text)                                     \
	{ .key = #member, .help = text, .offset = offsetof(struct settings, member), \
	  .fallback = 0, .min = low, .max = high, .or_zero = true,                   \
	  .more = SETTINGS_DISKS_MAX - 1 }

static const struct setting setting_table[] = {
	WORDS(completion, completion_words, COMPLETION_IRQ,
	      "how a CPU learns of completions: by interrupt, by polling, or as it pays"),
	WORDS(interrupts, interrupts_words, INTERRUPTS_AUTO,
	      "how interrupts are delivered; none: every queue is polled"),
	WORDS(ring, ring_words, RING_AUTO,
	      "virtqueue format; auto: packed where the device has it"),
	WORDS(indirect, switch_words, 1, "accept VIRTIO_F_INDIRECT_DESC"),
	WORDS(event_idx, switch_words, 1, "accept VIRTIO_F_EVENT_IDX"),
	WORDS(chain, chain_words, CHAIN_AUTO,
	      "a request's descriptors: in the ring, or in a preallocated indirect table"),
	NUMBER_OR_ZERO(queues, 1, 64, "queues per device, at most; 0: one per CPU"),
	NUMBER_OR_ZERO(queue_size, 2, 32768, "entries of a ring, at most; 0: the device's largest"),
	NUMBERS_OR_ZERO(disk_queue_size, 2, 32768,
			"entries of each disk's rings, whatever it shows: 64,0,256; 0: as shown"),
	WORDS(sched, sched_words, SCHED_NONE,
	      "order and merge requests before the device sees them, or hand them through"),
	WORDS(engine, engine_words, ENGINE_BLK,
	      "blk: all there is; floor: a bare loop over one ring, the device's own ceiling; "
	      "layer: the same over the block layer"),
	NUMBER_OR_ZERO(cpus, 1, 64, "CPUs to bring up, at most; 0: all"),
	WORDS(log, log_words, LOG_INFO, "least important line that is printed"),
	NUMBER(request_timeout_ms, 0, 3600000, 10000,
	       "a request that takes longer ends the run; 0: no deadline and no timer"),
	NUMBER(status_interval_ms, 0, 3600000, 1000, "between progress lines; 0: none"),
	NUMBER(spin_max_us, 0, 100000, 200, "adaptive: longest busy wait"),
	NUMBER(coalesce_max_us, 0, 100000, 50,
	       "adaptive: longest that a completion is held back to share an interrupt"),
	NUMBER(ram_disk_mib, 1, 65536, 16, "size of the simulated disk"),
	NUMBER_OR_ZERO(segment_bytes, 512, 1048576,
		       "scatter a job's buffers into segments of this size; 0: one segment each"),
	WORDS(json_plus, switch_words, 0, "histogram bins in the result, as fio's json+"),
	WORDS(stages, stages_words, STAGES_MEAN,
	      "latency by stages: means of three, at no cost, or distributions of all four"),
	NUMBER_OR_ZERO(trace_events, 64, 4194304,
		       "lifecycle events to keep per queue, the newest; 0: none, at no cost"),
	WORDS(fio_version, fio_version_words, FIO_VERSION_COUNT - 1,
	      "the release of fio that job files, sequences, verified data and results follow"),
};

_Static_assert((ARRAY_COUNT(setting_table) + SETTINGS_DISKS_MAX - 1) * sizeof(uint32_t) ==
		       sizeof(struct settings),
	       "every setting has its row");

static uint32_t *setting_value(struct settings *settings, const struct setting *setting)
{
	return (uint32_t *)((char *)settings + setting->offset);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct word word_trim(struct word word)
{
	while (word.length && is_blank(word.text[0])) {
		word.text++;
		word.length--;
	}
	while (word.length && is_blank(word.text[word.length - 1]))
		word.length--;
	return word;
}

static bool word_equals(struct word word, const char *text)
{
	return word.length == strlen(text) && !memcmp(word.text, text, word.length);
}

/* A user's word as a string that can be shown on a terminal. */
static const char *word_show(struct word word, char out[WORD_SHOWN_BYTES + 1])
{
	size_t length = MIN(word.length, WORD_SHOWN_BYTES);

	for (size_t i = 0; i < length; i++)
		out[i] = word.text[i] > ' ' && word.text[i] <= '~' ? word.text[i] : '?';
	out[length] = '\0';
	return out;
}

static int complain(struct settings_error *error, struct place place, struct word key,
		    const char *what)
{
	char shown[WORD_SHOWN_BYTES + 1];

	word_show(key, shown);
	if (place.line)
		fmt_print(error->text, sizeof(error->text), "%s:%u: %s: %s", place.name, place.line,
			  shown, what);
	else
		fmt_print(error->text, sizeof(error->text), "%s: %s: %s", place.name, shown, what);
	return -ERR_INVALID;
}

/* "must be a|b|c" or "must be 1..64 or 0", with what was given instead. */
static int complain_of_value(struct settings_error *error, struct place place, struct word key,
			     struct word value, const struct setting *setting)
{
	char what[160], shown[WORD_SHOWN_BYTES + 1];
	size_t used = 0;

	word_show(value, shown);
	if (setting->words) {
		used += (size_t)fmt_print(what, sizeof(what), "must be ");
		for (uint32_t i = 0; i <= setting->max; i++)
			used += (size_t)fmt_print(what + used, sizeof(what) - used, "%s%s",
						  i ? "|" : "", setting->words[i]);
	} else {
		used += (size_t)fmt_print(what, sizeof(what), "must be %u..%u%s", setting->min,
					  setting->max, setting->or_zero ? " or 0" : "");
	}
	fmt_print(what + used, sizeof(what) - used, ", not '%s'", shown);
	return complain(error, place, key, what);
}

static bool parse_number(struct word word, uint32_t *out)
{
	uint64_t value = 0;

	if (!word.length)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		if (word.text[i] < '0' || word.text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(word.text[i] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

static bool parse_value(const struct setting *setting, struct word word, uint32_t *out)
{
	if (setting->words) {
		for (uint32_t i = 0; i <= setting->max; i++) {
			if (word_equals(word, setting->words[i])) {
				*out = i;
				return true;
			}
		}
		return false;
	}
	if (!parse_number(word, out))
		return false;
	return (*out >= setting->min && *out <= setting->max) || (setting->or_zero && *out == 0);
}

/* As many values as there are words between commas; the last one goes for the rest. */
static bool parse_values(const struct setting *setting, struct word word, uint32_t *out)
{
	uint32_t count = 0;
	bool more;

	do {
		struct word item = { word.text, 0 };

		while (item.length < word.length && item.text[item.length] != ',')
			item.length++;
		if (count > setting->more || !parse_value(setting, item, &out[count++]))
			return false;
		more = item.length < word.length;
		word.text += item.length + more;
		word.length -= item.length + more;
	} while (more);
	for (; count <= setting->more; count++)
		out[count] = out[count - 1];
	return true;
}

/* One "key=value"; white space around both is not theirs. */
static int apply_assignment(struct settings *settings, struct place place, struct word text,
			    struct settings_error *error)
{
	size_t equals = 0;

	while (equals < text.length && text.text[equals] != '=')
		equals++;
	struct word key = word_trim((struct word){ text.text, equals });
	if (equals == text.length)
		return complain(error, place, key, "expected key=value");
	struct word value =
		word_trim((struct word){ text.text + equals + 1, text.length - equals - 1 });

	for (size_t i = 0; i < ARRAY_COUNT(setting_table); i++) {
		const struct setting *setting = &setting_table[i];

		if (!word_equals(key, setting->key))
			continue;
		if (!parse_values(setting, value, setting_value(settings, setting)))
			return complain_of_value(error, place, key, value, setting);
		return 0;
	}
	return complain(error, place, key, "unknown key");
}

/* Firmware may count the NULs behind a text as part of it. */
static size_t without_trailing_nuls(const char *text, size_t length_bytes)
{
	while (length_bytes && !text[length_bytes - 1])
		length_bytes--;
	return length_bytes;
}

void settings_set_defaults(struct settings *settings)
{
	for (size_t i = 0; i < ARRAY_COUNT(setting_table); i++)
		for (uint32_t disk = 0; disk <= setting_table[i].more; disk++)
			setting_value(settings, &setting_table[i])[disk] =
				setting_table[i].fallback;
}

int settings_parse_config(struct settings *settings, const char *name, const char *text,
			  size_t length_bytes, struct settings_error *error)
{
	struct settings copy = *settings;
	struct place place = { name, 0 };
	size_t length = without_trailing_nuls(text, length_bytes);

	for (size_t at = 0; at < length; at++) {
		struct word line = { text + at, 0 };

		place.line++;
		while (at < length && text[at] != '\n')
			at++;
		/* No value holds a '#', so the comment starts at the first. */
		size_t line_length = (size_t)(text + at - line.text);
		while (line.length < line_length && line.text[line.length] != '#')
			line.length++;
		line = word_trim(line);
		if (!line.length)
			continue;
		int result = apply_assignment(&copy, place, line, error);
		if (result)
			return result;
	}
	*settings = copy;
	return 0;
}

int settings_parse_command_line(struct settings *settings, const char *text, size_t length_bytes,
				struct settings_error *error)
{
	struct settings copy = *settings;
	struct place place = { "command line", 0 };
	size_t length = without_trailing_nuls(text, length_bytes);

	for (size_t at = 0; at < length; at++) {
		struct word word = { text + at, 0 };

		while (at < length && !is_blank(text[at]))
			at++;
		word.length = (size_t)(text + at - word.text);
		if (!word.length)
			continue;
		int result = apply_assignment(&copy, place, word, error);
		if (result)
			return result;
	}
	*settings = copy;
	return 0;
}

/* How many values have to be told: the last one goes for the rest. */
static uint32_t values_to_tell(const struct setting *setting, const uint32_t *values)
{
	uint32_t count = setting->more + 1;

	while (count > 1 && values[count - 1] == values[count - 2])
		count--;
	return count;
}

bool settings_describe(const struct settings *settings, unsigned index, const char **key,
		       char *value, size_t value_size, const char **help)
{
	if (index >= ARRAY_COUNT(setting_table))
		return false;
	const struct setting *setting = &setting_table[index];
	const uint32_t *numbers = (const uint32_t *)((const char *)settings + setting->offset);
	uint32_t count = values_to_tell(setting, numbers);
	size_t used = 0;

	*key = setting->key;
	*help = setting->help;
	if (setting->words)
		fmt_print(value, value_size, "%s",
			  *numbers <= setting->max ? setting->words[*numbers] : "?");
	for (uint32_t i = 0; !setting->words && i < count && used < value_size; i++)
		used += (size_t)fmt_print(value + used, value_size - used, "%s%u", i ? "," : "",
					  numbers[i]);
	return true;
}
