/* Reads samples of compressed shards, which can only be unpacked from the start. */
#include "dataset/shard_stream_internal.h"

#include "base/handle_internal.h"
#include "formats/tar_read_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Streams that are open at once, of a few MB each; the sampler's order needs about five. PIECE: bytes per read. */
enum { OPEN_MAX = 32, PIECE = 1 << 20 };

/* The stream of a shard. Its mutex guards all fields but `used`, which moco__streams.mutex guards. */
typedef struct stream {
    pthread_mutex_t mutex;
    moco__source *source; /* NULL: not started, or at its end */
    size_t next;          /* the first sample that is not unpacked yet */
    uint64_t used;        /* moco__streams.clock when it was last read; 0: it is not open */
} stream;

/* A sample that was unpacked on the way to a later one. */
typedef struct kept {
    size_t shard, position;
    uint8_t *bytes; /* NULL: the place is free */
    size_t size;
} kept;

struct moco__streams {
    const moco__shard *shards;
    stream *streams;
    size_t shard_count;
    pthread_mutex_t mutex; /* guards the fields below */
    kept *kept;            /* a ring: the next sample takes the place of the oldest */
    size_t keep, oldest;
    uint64_t clock;
    size_t open_count;
    atomic_size_t starts;
};

moco_status moco__streams_create(moco__streams **out, const moco__shard *shards, size_t shard_count, size_t keep)
{
    moco__streams *streams = moco__calloc(1, sizeof *streams);
    if (streams == NULL) {
        return MOCO_ENOMEM;
    }
    (void)pthread_mutex_init(&streams->mutex, NULL);
    streams->shards = shards;
    streams->keep = keep;
    streams->streams = moco__calloc(shard_count, sizeof *streams->streams);
    streams->kept = moco__calloc(keep, sizeof *streams->kept);
    for (size_t i = 0; streams->streams != NULL && i < shard_count; ++i) {
        (void)pthread_mutex_init(&streams->streams[i].mutex, NULL);
        streams->shard_count = i + 1;
    }
    if (streams->streams == NULL || streams->kept == NULL) {
        moco__streams_free(streams);
        return MOCO_ENOMEM;
    }
    *out = streams;
    return MOCO_OK;
}

void moco__streams_free(moco__streams *streams)
{
    if (streams == NULL) {
        return;
    }
    for (size_t i = 0; streams->streams != NULL && i < streams->shard_count; ++i) {
        moco__source_close(streams->streams[i].source);
        (void)pthread_mutex_destroy(&streams->streams[i].mutex);
    }
    for (size_t i = 0; streams->kept != NULL && i < streams->keep; ++i) {
        free(streams->kept[i].bytes);
    }
    free(streams->streams);
    free(streams->kept);
    (void)pthread_mutex_destroy(&streams->mutex);
    free(streams);
}

size_t moco__streams_starts(const moco__streams *streams)
{
    return atomic_load(&streams->starts);
}

/* ---- Kept samples ---- */

/* Moves a kept sample to `out`; false: it is not kept. Searching some thousand places takes microseconds, decoding an
 * image a thousand times as long. */
static bool take_kept(moco__streams *streams, size_t shard, size_t position, moco__bytes *out)
{
    bool found = false;
    (void)pthread_mutex_lock(&streams->mutex);
    for (size_t i = 0; i < streams->keep && !found; ++i) {
        kept *k = &streams->kept[i];
        if (k->bytes != NULL && k->shard == shard && k->position == position) {
            moco__bytes_free(out);
            *out = (moco__bytes){ k->bytes, k->size, k->size };
            k->bytes = NULL;
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&streams->mutex);
    return found;
}

static void keep(moco__streams *streams, size_t shard, size_t position, moco__bytes *bytes)
{
    (void)pthread_mutex_lock(&streams->mutex);
    kept *place = &streams->kept[streams->oldest];
    uint8_t *gone = place->bytes;
    *place = (kept){ shard, position, bytes->data, bytes->size };
    streams->oldest = (streams->oldest + 1) % streams->keep;
    (void)pthread_mutex_unlock(&streams->mutex);
    *bytes = (moco__bytes){ NULL, 0, 0 };
    free(gone);
}

/* ---- Open streams; the caller holds the stream's mutex ---- */

static void stop(moco__streams *streams, stream *s)
{
    moco__source_close(s->source);
    s->source = NULL;
    s->next = 0;
    (void)pthread_mutex_lock(&streams->mutex);
    streams->open_count -= s->used != 0;
    s->used = 0;
    (void)pthread_mutex_unlock(&streams->mutex);
}

/* Closes the least recently used stream if too many are open, unless all are being read. */
static void make_place(moco__streams *streams)
{
    stream *oldest = NULL;
    (void)pthread_mutex_lock(&streams->mutex);
    for (size_t i = 0; streams->open_count >= OPEN_MAX && i < streams->shard_count; ++i) {
        stream *s = &streams->streams[i];
        if (s->used == 0 || (oldest != NULL && s->used > oldest->used) || pthread_mutex_trylock(&s->mutex) != 0) {
            continue;
        }
        if (oldest != NULL) {
            (void)pthread_mutex_unlock(&oldest->mutex);
        }
        oldest = s;
    }
    (void)pthread_mutex_unlock(&streams->mutex);
    if (oldest != NULL) {
        stop(streams, oldest);
        (void)pthread_mutex_unlock(&oldest->mutex);
    }
}

static moco_status start(moco__streams *streams, size_t shard)
{
    stream *s = &streams->streams[shard];
    stop(streams, s);
    make_place(streams);
    const moco__shard *from = &streams->shards[shard];
    MOCO_TRY(from->is_command ? moco__source_open_command(&s->source, from->path)
                              : moco__source_open(&s->source, from->path));
    atomic_fetch_add(&streams->starts, 1);
    return MOCO_OK;
}

static void touch(moco__streams *streams, stream *s)
{
    (void)pthread_mutex_lock(&streams->mutex);
    streams->open_count += s->used == 0;
    s->used = ++streams->clock;
    (void)pthread_mutex_unlock(&streams->mutex);
}

/* Unpacks the next sample of a shard. */
static moco_status unpack(stream *s, const moco__shard *shard, moco__bytes *out)
{
    const moco__shard_sample *sample = &shard->samples[s->next];
    out->size = 0;
    if (sample->sparse) {
        MOCO_TRY(moco__tar_content_at(s->source, sample->offset, out, MOCO__IMAGE_BYTES_MAX));
        ++s->next;
        return MOCO_OK;
    }
    MOCO_TRY(moco__source_seek(s->source, sample->offset));
    while (out->size < sample->size) {
        const size_t before = out->size;
        const size_t left = sample->size - before;
        size_t got = 0;
        MOCO_TRY(moco__bytes_resize(out, before + (left < PIECE ? left : PIECE)));
        MOCO_TRY(moco__source_read(s->source, out->data + before, out->size - before, &got));
        if (got < out->size - before) {
            return moco_error_set(MOCO_EFORMAT, "%s: ends inside %s; it is truncated", shard->path,
                                  moco__shard_name(shard, s->next));
        }
    }
    ++s->next;
    return MOCO_OK;
}

/* Unpacks up to a sample, and keeps those before it. */
static moco_status advance(moco__streams *streams, size_t shard, size_t position, moco__bytes *out)
{
    const moco__shard *from = &streams->shards[shard];
    stream *s = &streams->streams[shard];
    moco__bytes bytes = { NULL, 0, 0 };
    moco_status status = MOCO_OK;
    /* Do not keep samples that later ones would push out of the ring. */
    if (position - s->next > streams->keep) {
        s->next = position - streams->keep;
    }
    while (s->next < position) {
        status = unpack(s, from, &bytes);
        if (status != MOCO_OK) {
            moco__bytes_free(&bytes);
            return status;
        }
        keep(streams, shard, s->next - 1, &bytes);
    }
    MOCO_TRY(unpack(s, from, out));
    if (s->next == from->count) {
        stop(streams, s);
        s->next = from->count;
    }
    return MOCO_OK;
}

static moco_status read_locked(moco__streams *streams, size_t shard, size_t position, moco__bytes *out)
{
    stream *s = &streams->streams[shard];
    if (take_kept(streams, shard, position, out)) {
        return MOCO_OK;
    }
    if (s->source == NULL || position < s->next) {
        MOCO_TRY(start(streams, shard));
    }
    touch(streams, s);
    const moco_status status = advance(streams, shard, position, out);
    if (status != MOCO_OK) {
        stop(streams, s);
    }
    return status;
}

moco_status moco__streams_read(moco__streams *streams, size_t shard, size_t position, moco__bytes *out)
{
    if (take_kept(streams, shard, position, out)) {
        return MOCO_OK;
    }
    (void)pthread_mutex_lock(&streams->streams[shard].mutex);
    const moco_status status = read_locked(streams, shard, position, out);
    (void)pthread_mutex_unlock(&streams->streams[shard].mutex);
    return status;
}
