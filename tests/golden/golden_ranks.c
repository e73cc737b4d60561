/* Runs a case of several processes: starts this program once per rank. */
#include "golden_ranks.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 32 };

static const char sign[] = "MOCO_GOLDEN_RANK";

bool golden_is_rank(void)
{
    return getenv(sign) != NULL;
}

static void set_number(const char *name, int value)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", value);
    (void)setenv(name, text, 1);
}

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    const int failed =
        bind(s, (struct sockaddr *)&address, sizeof address) | getsockname(s, (struct sockaddr *)&address, &length);
    (void)close(s);
    return failed == 0 ? ntohs(address.sin_port) : MOCO_DEFAULT_PORT;
}

int golden_start_ranks(int world, char **argv, int option_count, const char *path)
{
    char *command[MAX_ARGUMENTS + 3];
    int count = 0;
    while (count <= option_count && count < MAX_ARGUMENTS) {
        command[count] = argv[count];
        ++count;
    }
    command[count] = (char *)path; /* NULL ends the list */
    command[count + 1] = NULL;
    (void)setenv(sign, "1", 1);
    (void)setenv("MASTER_ADDR", "127.0.0.1", 1);
    set_number("MASTER_PORT", free_port());
    set_number("WORLD_SIZE", world);
    set_number("LOCAL_WORLD_SIZE", world);
    (void)fflush(NULL);
    for (int rank = 0; rank < world; ++rank) {
        set_number("RANK", rank);
        set_number("LOCAL_RANK", rank);
        if (fork() == 0) {
            (void)execv("/proc/self/exe", command);
            _exit(1);
        }
    }
    (void)unsetenv(sign);
    int failed = 0;
    for (int rank = 0; rank < world; ++rank) {
        int status = 1;
        (void)wait(&status);
        failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    return failed;
}
