/*
 * Writes TensorBoard's event files, byte by byte.
 *
 * Record: u64 length; u32 masked CRC-32C of the length; data; u32 masked CRC-32C of the data; all little-endian.
 * Data: a protobuf Event { 1: double wall_time, 2: int64 step, and one of 3: string file_version,
 * 5: Summary { repeated 1: Value { 1: string tag, 2: float simple_value } }, 7: SessionLog { 1: status (START = 1) } }.
 */
#include "train/log_tfevents_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { EVENT_SIZE = 4096, VALUE_SIZE = 256 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct moco__tfevents {
    moco__stream stream;
    char path[MOCO_PATH_MAX];
};

typedef struct message {
    unsigned char bytes[EVENT_SIZE];
    size_t count;
} message;

/* Computes CRC-32C (Castagnoli) bit by bit, since a few hundred bytes per line need no table. */
static uint32_t crc32c(const unsigned char *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
        }
    }
    return ~crc;
}

static uint32_t masked_crc(const unsigned char *bytes, size_t count)
{
    const uint32_t crc = crc32c(bytes, count);
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

static void put_byte(message *m, unsigned value)
{
    if (m->count < sizeof m->bytes) {
        m->bytes[m->count++] = (unsigned char)value;
    }
}

static void put_little_endian(message *m, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; ++i) {
        put_byte(m, (unsigned)(value >> (8 * i)) & 0xFFU);
    }
}

static void put_varint(message *m, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        put_byte(m, (unsigned)(value & 0x7F) | 0x80U);
    }
    put_byte(m, (unsigned)value);
}

static void put_tag(message *m, unsigned field, unsigned wire)
{
    put_varint(m, field << 3 | wire);
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t count)
{
    put_tag(m, field, WIRE_BYTES);
    put_varint(m, count);
    for (size_t i = 0; i < count; ++i) {
        put_byte(m, ((const unsigned char *)bytes)[i]);
    }
}

static void put_header(message *m, uint64_t step)
{
    struct timeval now;
    (void)gettimeofday(&now, NULL);
    const double seconds = (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
    uint64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    put_tag(m, 1, WIRE_FIXED64);
    put_little_endian(m, bits, 8);
    put_tag(m, 2, WIRE_VARINT);
    put_varint(m, step);
}

static moco_status write_record(moco__tfevents *events, const message *data)
{
    message head = { .count = 0 };
    message tail = { .count = 0 };
    put_little_endian(&head, data->count, 8);
    put_little_endian(&head, masked_crc(head.bytes, 8), 4);
    put_little_endian(&tail, masked_crc(data->bytes, data->count), 4);
    int error = moco__stream_put(&events->stream, head.bytes, head.count);
    error = error != 0 ? error : moco__stream_put(&events->stream, data->bytes, data->count);
    error = error != 0 ? error : moco__stream_put(&events->stream, tail.bytes, tail.count);
    error = error != 0 ? error : moco__stream_flush(&events->stream);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", events->path, error);
}

static moco_status write_start(moco__tfevents *events, uint64_t step)
{
    static const char version[] = "brain.Event:2";
    message m = { .count = 0 };
    put_header(&m, 0);
    put_bytes(&m, 3, version, sizeof version - 1);
    MOCO_TRY(write_record(events, &m));
    if (step == 0) {
        return MOCO_OK;
    }
    static const unsigned char started[] = { 0x08, 0x01 };
    m.count = 0;
    put_header(&m, step + 1);
    put_bytes(&m, 7, started, sizeof started);
    return write_record(events, &m);
}

moco_status moco__tfevents_open(moco__tfevents **out, const char *run, uint64_t step)
{
    char host[64] = "localhost";
    char name[160];
    (void)gethostname(host, sizeof host - 1);
    struct timeval now;
    (void)gettimeofday(&now, NULL);
    (void)snprintf(name, sizeof name, MOCO__TFEVENTS_NAME "%010lld.%s.%ld.%06ld", (long long)now.tv_sec, host,
                   (long)getpid(), (long)now.tv_usec);
    moco__tfevents *events = moco__handle_alloc(sizeof *events);
    if (events == NULL) {
        return MOCO_ENOMEM;
    }
    events->stream.descriptor = -1;
    moco_status status = moco__files_join(events->path, sizeof events->path, run, name);
    if (status == MOCO_OK) {
        const int error = moco__stream_open(&events->stream, events->path, O_TRUNC);
        status = error == 0 ? write_start(events, step) : moco__files_cannot("open", events->path, error);
    }
    if (status != MOCO_OK) {
        moco__tfevents_free(events);
        return status;
    }
    *out = events;
    return MOCO_OK;
}

moco_status moco__tfevents_write(moco__tfevents *events, uint64_t step, const moco_metric *values, size_t count)
{
    message summary = { .count = 0 };
    for (size_t i = 0; i < count; ++i) {
        if (isnan(values[i].value)) {
            continue;
        }
        message value = { .count = 0 };
        const float number = (float)values[i].value;
        uint32_t bits;
        memcpy(&bits, &number, sizeof bits);
        put_bytes(&value, 1, values[i].name, strnlen(values[i].name, VALUE_SIZE));
        put_tag(&value, 2, WIRE_FIXED32);
        put_little_endian(&value, bits, 4);
        put_bytes(&summary, 1, value.bytes, value.count);
    }
    message event = { .count = 0 };
    put_header(&event, step);
    put_bytes(&event, 5, summary.bytes, summary.count);
    return write_record(events, &event);
}

void moco__tfevents_free(moco__tfevents *events)
{
    if (events != NULL) {
        (void)moco__stream_close(&events->stream);
        moco__handle_free(events);
    }
}
