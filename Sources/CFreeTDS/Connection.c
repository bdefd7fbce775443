#include "Connection.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEVERITY_OF_NOTICES = 10 };

static _Thread_local cf_connection *current;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_ready;

static void note(int number, int severity, bool from_server, const char *text) {
    if (!current) return;
    cf_error *error = &current->error;
    // What the server said explains more than what the library makes of it.
    if (error->number && (error->from_server || !from_server)) return;
    error->number = number;
    error->severity = severity;
    error->from_server = from_server;
    strncpy(error->text, text ? text : "", CF_MESSAGE_BYTES - 1);
    error->text[CF_MESSAGE_BYTES - 1] = 0;
}

static int handle_error(DBPROCESS *process, int severity, int number, int system, char *text, char *system_text) {
    (void)process;
    (void)system;
    (void)system_text;
    // "Check messages from the SQL Server" only points at what the other handler has.
    if (number != SYBESMSG) note(number, severity, false, text);
    return INT_CANCEL;
}

static int handle_message(
    DBPROCESS *process, DBINT number, int state, int severity, char *text, char *server, char *procedure, int line) {
    (void)process;
    (void)state;
    (void)server;
    (void)procedure;
    (void)line;
    if (severity > SEVERITY_OF_NOTICES) note(number, severity, true, text);
    return 0;
}

static void begin(void) {
    is_ready = dbinit() == SUCCEED;
    dberrhandle(handle_error);
    dbmsghandle(handle_message);
}

void cf_enter(cf_connection *connection) {
    current = connection;
    memset(&connection->error, 0, offsetof(cf_error, text) + 1);
}

void cf_leave(void) { current = NULL; }

bool cf_fail(cf_connection *connection, cf_error *error, const char *otherwise) {
    cf_leave();
    *error = connection->error;
    if (!error->number) {
        error->number = SYBEFCON;
        strncpy(error->text, otherwise, CF_MESSAGE_BYTES - 1);
    }
    return false;
}

static DBPROCESS *open_process(const char *path, const char *server, const cf_login *login) {
    LOGINREC *record = dblogin();
    if (!record) return NULL;
    DBSETLUSER(record, login->user);
    DBSETLPWD(record, login->password);
    DBSETLAPP(record, login->program);
    DBSETLDBNAME(record, login->database);
    DBSETLCHARSET(record, "UTF-8");
    DBSETLVERSION(record, DBVERSION_74);
    BCP_SETL(record, TRUE);
    // The file's name belongs to the process.
    pthread_mutex_lock(&opening);
    dbsetifile((char *)path);
    DBPROCESS *process = dbopen(record, server);
    pthread_mutex_unlock(&opening);
    dbloginfree(record);
    return process;
}

cf_connection *cf_open(const char *path, const char *server, const cf_login *login, cf_error *error) {
    pthread_once(&once, begin);
    cf_connection *connection = calloc(1, sizeof *connection);
    if (!connection || !is_ready) {
        memset(error, 0, sizeof *error);
        error->number = SYBEMEM;
        strncpy(error->text, "FreeTDS could not be started", CF_MESSAGE_BYTES - 1);
        free(connection);
        return NULL;
    }
    cf_enter(connection);
    connection->process = open_process(path, server, login);
    if (!connection->process) {
        cf_fail(connection, error, "no connection");
        free(connection);
        return NULL;
    }
    cf_leave();
    return connection;
}

void cf_close(cf_connection *connection) {
    cf_enter(connection);
    cf_cells_release(connection);
    dbclose(connection->process);
    cf_leave();
    free(connection);
}

bool cf_is_dead(cf_connection *connection) { return dbdead(connection->process); }
