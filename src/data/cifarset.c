/* CIFAR-10 and CIFAR-100: finds the files, names the classes (those of the sets' own meta files).
 */
#include "data/sources.h"

#include <string.h>

#include "base/str.h"
#include "data/places.h"

enum { N_FILES = 6, N_TRAIN = 5 };

static const char *const ten_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};
static const char *const fine_names[] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm"};
static const char *const coarse_names[] = {"aquatic_mammals",
                                           "fish",
                                           "flowers",
                                           "food_containers",
                                           "fruit_and_vegetables",
                                           "household_electrical_devices",
                                           "household_furniture",
                                           "insects",
                                           "large_carnivores",
                                           "large_man-made_outdoor_things",
                                           "large_natural_outdoor_scenes",
                                           "large_omnivores_and_herbivores",
                                           "medium_mammals",
                                           "non-insect_invertebrates",
                                           "people",
                                           "reptiles",
                                           "small_mammals",
                                           "trees",
                                           "vehicles_1",
                                           "vehicles_2"};
_Static_assert(LM_ARRAY_LEN(ten_names) == 10, "CIFAR-10");
_Static_assert(LM_ARRAY_LEN(fine_names) == 100, "CIFAR-100");
_Static_assert(LM_ARRAY_LEN(coarse_names) == 20, "CIFAR-100");

static LmStatus name_classes(LmDataset *ds, LmCifarLabels kind, LmError *err)
{
    switch (kind) {
    case LM_CIFAR_FINE:
        return lm_dataset_set_classes(ds, LM_ARRAY_LEN(fine_names), fine_names, err);
    case LM_CIFAR_COARSE:
        return lm_dataset_set_classes(ds, LM_ARRAY_LEN(coarse_names), coarse_names, err);
    default:
        return lm_dataset_set_classes(ds, LM_ARRAY_LEN(ten_names), ten_names, err);
    }
}

LmStatus lm_cifarset_open(LmDataset **out, const char *name, const char *const *paths, int n_paths,
                          LmCifarLabels labels, LmError *err)
{
    LmTensor images = {0};
    LmTensor numbers = {0};
    LmCifarLabels kind = labels;
    LmDataset *ds = NULL;
    LmStatus st = lm_cifar_load(&images, &numbers, &kind, paths, n_paths, labels, err);
    if (st == LM_OK) {
        st = lm_memory_new(&ds, name, &images, &numbers, err);
    }
    if (st == LM_OK) {
        st = name_classes(ds, kind, err);
    }
    lm_tensor_fini(&images);
    lm_tensor_fini(&numbers);
    if (st == LM_OK) {
        *out = ds;
    } else {
        lm_dataset_unref(ds);
    }
    return st;
}

/* --- CIFAR-10 in its folder --- */

static const char *const file_names[N_FILES] = {"data_batch_1.bin", "data_batch_2.bin",
                                                "data_batch_3.bin", "data_batch_4.bin",
                                                "data_batch_5.bin", "test_batch.bin"};

typedef struct Search {
    char paths[N_FILES][LM_PLACES_PATH];
    LmPlaces places;
} Search;

/* Plain before packed, the folder itself before the one its archive makes. */
static bool find_file(char path[LM_PLACES_PATH], const char *dir, const char *file)
{
    char name[64];
    for (int k = 0; k < 4; k++) {
        LmStr s = lm_str(name, sizeof name);
        lm_str_add(&s, "%s%s%s", k < 2 ? "" : "cifar-10-batches-bin/", file,
                   k % 2 == 0 ? "" : ".gz");
        if (lm_places_file(path, dir, name)) {
            return true;
        }
    }
    return false;
}

static bool has_all(void *ctx, const char *dir, int *n_found, const char **missing)
{
    Search *search = ctx;
    *n_found = 0;
    *missing = NULL;
    for (int k = 0; k < N_FILES; k++) {
        if (find_file(search->paths[k], dir, file_names[k])) {
            (*n_found)++;
        } else if (*missing == NULL) {
            *missing = file_names[k];
        }
    }
    return *missing == NULL;
}

LmStatus lm_cifarset_open_ten(LmDataset **train, LmDataset **test, const char *dir,
                              const char *script_dir, LmError *err)
{
    Search search;
    const char *paths[N_FILES];
    LmDataset *first = NULL;
    search.places = (LmPlaces){.set = "cifar10", .has_all = has_all, .ctx = &search};
    if (!lm_places_find(&search.places, dir, script_dir)) {
        return lm_fail(err, LM_ENOTFOUND,
                       "cifar10 is not here: its files data_batch_1.bin to data_batch_5.bin and "
                       "test_batch.bin come in cifar-10-binary.tar.gz from "
                       "https://www.cs.toronto.edu/~kriz/cifar.html; looked in %s",
                       search.places.report_text);
    }
    for (int k = 0; k < N_FILES; k++) {
        paths[k] = search.paths[k];
    }
    LmStatus st = lm_cifarset_open(&first, "cifar10 train", paths, N_TRAIN, LM_CIFAR_TEN, err);
    if (st == LM_OK) {
        st = lm_cifarset_open(test, "cifar10 test", paths + N_TRAIN, 1, LM_CIFAR_TEN, err);
    }
    if (st == LM_OK) {
        *train = first;
    } else {
        lm_dataset_unref(first);
    }
    return st;
}
