// The least that can be done: limit archive CODEC FROM TO | limit restore CODEC FROM TO | limit --version
// CODEC: none, lz4, zstd:LEVEL. "archive" reads, compresses blocks of 1 MiB on 2 threads, writes, starts the
// write-back early, syncs the file, gives it its name and syncs the directory; "restore" decompresses into
// place. Nothing is checked and every error ends it: this is the yardstick, no program for use.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <libgen.h>
#include <lz4frame.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { block_size = 1 << 20, threads = 2, blocks = 2 * threads };

struct block {
  char* in;
  char* out;
  size_t size, made;
  int state;  // 0: free, 1: read, 2: being compressed, 3: done
};

static struct block ring[blocks];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int to_compress;
static int level;
static int is_zstd;
static size_t bound;

static void put(int file, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = write(file, bytes, size);
    if (n <= 0) err(1, "write");
    bytes += n;
    size -= (size_t)n;
  }
}

static size_t get(int file, char* bytes, size_t size) {
  size_t filled = 0;
  ssize_t n = 1;
  while (filled < size && n > 0) {
    n = read(file, bytes + filled, size - filled);
    if (n < 0) err(1, "read");
    filled += (size_t)n;
  }
  return filled;
}

static void* compress_blocks(void* unused) {
  (void)unused;
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  LZ4F_preferences_t preferences = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
  pthread_mutex_lock(&mutex);
  for (;;) {
    while (ring[to_compress].state != 1) pthread_cond_wait(&changed, &mutex);
    struct block* block = &ring[to_compress];
    to_compress = (to_compress + 1) % blocks;
    block->state = 2;
    pthread_mutex_unlock(&mutex);
    block->made = is_zstd ? ZSTD_compress2(context, block->out, bound, block->in, block->size)
                          : LZ4F_compressFrame(block->out, bound, block->in, block->size, &preferences);
    pthread_mutex_lock(&mutex);
    block->state = 3;
    pthread_cond_broadcast(&changed);
  }
  return NULL;
}

static void write_done(int to, struct block* block) {
  pthread_mutex_lock(&mutex);
  while (block->state == 1 || block->state == 2) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  if (block->state != 3) return;
  put(to, block->out, block->made);
  sync_file_range(to, 0, 0, SYNC_FILE_RANGE_WRITE);
  block->state = 0;
}

static void compress_file(int from, int to) {
  bound = is_zstd ? ZSTD_compressBound(block_size)
                  : LZ4F_compressFrameBound(block_size, NULL) + 64;  // the checksum
  for (int i = 0; i < blocks; ++i) ring[i] = (struct block){malloc(block_size), malloc(bound), 0, 0, 0};
  for (int i = 0; i < threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, compress_blocks, NULL) != 0) errx(1, "thread");
  }
  int next = 0;
  for (;; next = (next + 1) % blocks) {
    struct block* block = &ring[next];
    write_done(to, block);
    block->size = get(from, block->in, block_size);
    if (block->size == 0) break;
    pthread_mutex_lock(&mutex);
    block->state = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
  }
  for (int i = 1; i < blocks; ++i) write_done(to, &ring[(next + i) % blocks]);
}

static void copy_file(int from, int to, int durable) {
  static char piece[256 * 1024];
  size_t n;
  while ((n = get(from, piece, sizeof piece)) > 0) {
    put(to, piece, n);
    if (durable) sync_file_range(to, 0, 0, SYNC_FILE_RANGE_WRITE);
  }
}

static void decompress_file(int from, int to) {
  static char in[256 * 1024], out[256 * 1024];
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  LZ4F_dctx* lz4;
  LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION);
  size_t n;
  while ((n = get(from, in, sizeof in)) > 0) {
    size_t taken = 0, made = sizeof out;
    while (taken < n || made == sizeof out) {
      size_t used = n - taken;
      made = sizeof out;
      if (is_zstd) {
        ZSTD_inBuffer input = {in + taken, used, 0};
        ZSTD_outBuffer output = {out, made, 0};
        if (ZSTD_isError(ZSTD_decompressStream(zstd, &output, &input))) errx(1, "damaged");
        used = input.pos;
        made = output.pos;
      } else if (LZ4F_isError(LZ4F_decompress(lz4, out, &made, in + taken, &used, NULL))) {
        errx(1, "damaged");
      }
      put(to, out, made);
      taken += used;
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 5) {
    puts("limit 1");
    return argc != 2;
  }
  const int none = strcmp(argv[2], "none") == 0, archives = strcmp(argv[1], "archive") == 0;
  is_zstd = strncmp(argv[2], "zstd:", 5) == 0;
  if (is_zstd) level = atoi(argv[2] + 5);
  char temporary[4096], directory[4096];
  snprintf(temporary, sizeof temporary, "%s.tmp", argv[4]);
  snprintf(directory, sizeof directory, "%s", argv[4]);
  const int from = open(argv[3], O_RDONLY), to = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
  const int parent = open(dirname(directory), O_RDONLY | O_DIRECTORY);
  if (from < 0 || to < 0 || parent < 0) err(1, "open");
  if (none) copy_file(from, to, archives);
  if (!none && archives) compress_file(from, to);
  if (!none && !archives) decompress_file(from, to);
  if (archives && fsync(to) != 0) err(1, "fsync");
  if (archives ? link(temporary, argv[4]) != 0 || unlink(temporary) != 0 : rename(temporary, argv[4]) != 0)
    err(1, "name");
  if (archives && fsync(parent) != 0) err(1, "fsync");
  _exit(0);
}
